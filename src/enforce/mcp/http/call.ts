/** One request over HTTP that was let in, and what clients of both eras are served with. */
import type { TaskStore } from '../call/task-store.ts';
import type { GatewayHost } from '../client/gateway-session.ts';
import type { HttpLimits } from '../config/config.ts';
import type { Caller, Callers } from './callers.ts';
import type { Holds } from './holds.ts';

export interface HttpCall {
  readonly request: Request;
  readonly body: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** Resolves when the answer was sent, or nobody waits for it any more. */
  readonly finished: Promise<void>;
}

export interface HttpServing {
  readonly host: GatewayHost;
  readonly limits: HttpLimits;
  readonly callers: Callers;
  readonly holds: Holds;
  /** Of all clients, in both eras: each knows its own. */
  readonly tasks: TaskStore;
}
