/** What a host gives when it opens a control plane. */
import type { Evaluator } from '../evaluators/index.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Storage } from '../storage/storage.ts';
import type { Clock } from './clock.ts';
import type { AgentDeclaration } from './access/declared-agent.ts';
import type { Ids } from './ids.ts';
import type { ToolDeclaration } from './tools/tool.ts';

export interface ControlPlaneOptions {
  readonly storage: Storage;
  /** Activated where it is not the active one already. Without one, every action is denied. */
  readonly policy?: unknown;
  readonly agents?: readonly (string | AgentDeclaration)[];
  readonly tools?: readonly ToolDeclaration[];
  /**
   * The price catalogue: which models there are and what they cost. Activated where it is not the active one
   * already; `modelTool` is registered with it. Without one, every model call is denied.
   */
  readonly prices?: unknown;
  /** Who besides the host and API keys may say whom a credential belongs to; `identity.authenticate`. */
  readonly authenticators?: readonly Authenticator[];
  /** What the policy's guardrails may name, beside the evaluators that are built in. */
  readonly evaluators?: readonly Evaluator[];
  /** Whom to tell what happened; see `agent-control-plane/notify`. */
  readonly notifiers?: readonly Notifier[];
  /** Name of the log; `main` by default. */
  readonly log?: string;
  /** How often other processes' events are looked for, ms; 250 by default. */
  readonly pollMs?: number;
  readonly clock?: Clock;
  readonly ids?: Ids;
}
