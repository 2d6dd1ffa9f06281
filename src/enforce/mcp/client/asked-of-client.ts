/**
 * What servers ask of one client, and what it says back. Each side keeps its own names for tasks and its own
 * tokens of progress; here they are translated, in both directions.
 */
import {
  type ClientCapabilities,
  type Notification,
  type Progress,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { taskStatus } from '../call/client-tasks.ts';
import type { RunningTasks } from '../call/running-tasks.ts';
import { passingLimits } from '../config/config.ts';
import { HostedTasks } from '../passing/hosted-tasks.ts';
import { runsAsTask } from '../protocol/capabilities.ts';
import { ProgressTokens } from '../protocol/progress-tokens.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { translated } from '../protocol/related-task.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface AskedTerms {
  readonly clock: Clock;
  readonly capabilities: ClientCapabilities;
  readonly ask: (request: ClientRequest) => Promise<RawResult>;
  /** The client's own tasks, which servers run. */
  readonly tasks: Pick<RunningTasks, 'nameAtServer' | 'nameAtClient'>;
  /** Why nothing passes any more, or undefined. */
  readonly stopped: () => Promise<string | undefined>;
}

type Params = Readonly<Record<string, unknown>>;

export class AskedOfClient {
  readonly #terms: AskedTerms;
  readonly #hosted: HostedTasks;
  readonly #progress = new ProgressTokens();
  /** Requests of each server that the client has not answered yet. */
  readonly #waiting = new Map<Upstream, number>();

  constructor(terms: AskedTerms) {
    this.#terms = terms;
    this.#hosted = new HostedTasks(terms);
  }

  /** Resolves to what the client answers, in the server's names. */
  async asked(at: Upstream, { params, ...request }: ClientRequest): Promise<RawResult> {
    await this.#assertGoesOn();
    const passed = params === undefined ? undefined : this.#toClient(at, params);
    const waiting = this.#waiting.get(at) ?? 0;
    assertRoom(waiting);
    this.#waiting.set(at, waiting + 1);
    try {
      const answer = await this.#send(at, { ...request, params: passed });
      // What was asked before the session was stopped is not answered after that.
      await this.#assertGoesOn();
      return answer;
    } finally {
      this.#waiting.set(at, (this.#waiting.get(at) ?? 1) - 1);
    }
  }

  async #assertGoesOn(): Promise<void> {
    const stopped = await this.#terms.stopped();
    if (stopped !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, stopped);
  }

  #send(at: Upstream, request: ClientRequest): Promise<RawResult> {
    switch (request.method) {
      case 'tasks/list':
        return this.#hosted.list(at, request);
      case 'tasks/get':
      case 'tasks/cancel':
        return this.#hosted.about(at, request);
      case 'tasks/result':
        return this.#hosted.about(at, request).then((answer) => this.#toServer(at, answer));
      case 'roots/list':
      case 'sampling/createMessage':
      case 'elicitation/create':
        return this.#question(at, request);
    }
  }

  async #question(at: Upstream, request: ClientRequest): Promise<RawResult> {
    const { params, end } = this.#withProgress(at, request.params);
    if (params?.['task'] === undefined || !runsAsTask(this.#terms.capabilities, request.method)) {
      // Whoever runs no tasks takes the question as one that is waited for.
      const { task: _, ...plain } = params ?? {};
      const asked = { ...request, params: params === undefined ? undefined : plain };
      return this.#toServer(at, await this.#terms.ask(asked).finally(end));
    }
    return this.#hosted.begin(at, { ...request, params }, end);
  }

  /** Where the server wants to hear how far it is, the client has a token of the gateway's own. */
  #withProgress(at: Upstream, params: Params | undefined) {
    const { progressToken, ..._meta } = (params?.['_meta'] ?? {}) as Params;
    if (progressToken === undefined) return { params, end: () => {} };
    const tell = (progress: Progress): void => {
      const told = { ...progress, progressToken };
      void at.notify({ method: 'notifications/progress', params: told });
    };
    return this.#progress.open({ ...params, _meta }, tell);
  }

  /** What a server says, as the client hears it. */
  told(at: Upstream, { method, params }: Notification): Notification {
    return params === undefined ? { method } : { method, params: this.#toClient(at, params) };
  }

  /** The client says how far a task is that it runs, or a question is that it was asked. */
  async said(notification: Notification): Promise<void> {
    if ((await this.#terms.stopped()) !== undefined) return;
    if (notification.method !== taskStatus) {
      this.#progress.tell(notification);
      return;
    }
    const heard = this.#hosted.heard(notification.params ?? {});
    if (heard === undefined) return;
    const params = this.#toServer(heard.at, heard.params);
    await heard.at.notify({ method: taskStatus, params });
  }

  /** As a server knows a task that the client names: one of its own, or one that the server runs for it. */
  nameAtServer(at: Upstream, taskId: string): string | undefined {
    return this.#hosted.nameAt(at, taskId) ?? this.#terms.tasks.nameAtServer(at, taskId);
  }

  #toClient(at: Upstream, message: RawResult): RawResult {
    const { tasks } = this.#terms;
    return translated(
      message,
      (taskId) => this.#hosted.nameAtClient(at, taskId) ?? tasks.nameAtClient(at, taskId),
    );
  }

  #toServer(at: Upstream, message: RawResult): RawResult {
    return translated(message, (taskId) => this.nameAtServer(at, taskId));
  }

  close(): void {
    this.#hosted.close();
  }
}

/** Nobody shows a client more than it could look at, or holds it for as long as nobody does. */
function assertRoom(waiting: number): void {
  const { askedMax } = passingLimits;
  if (waiting < askedMax) return;
  const message = `at most ${askedMax} requests of a server wait for the client at a time`;
  throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
}
