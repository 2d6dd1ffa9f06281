/**
 * Tasks that a client runs for servers (2025-11-25): samplings and elicitations for whose end a server does
 * not wait. Each has a name of the gateway's own, which is good for the server that asked and for no other.
 */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client';
import { systemIds } from '../../../engine/ids.ts';
import type { Clock } from '../../../engine/index.ts';
import { taskLimits } from '../config/config.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { taskAnswer } from '../protocol/task-answers.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { Upstream } from '../upstream/upstream.ts';

type Params = Readonly<Record<string, unknown>>;

interface HostedTask {
  /** As its server knows it. */
  readonly id: string;
  readonly at: Upstream;
  /** As the client knows it. */
  readonly theirs: string;
  readonly forget: () => void;
  /** Nothing more is told of how far it is. */
  readonly ended: () => void;
}

export interface Asking {
  readonly clock: Clock;
  readonly ask: (request: ClientRequest) => Promise<RawResult>;
}

/** Pages of a client's list that are looked at. */
const pagesMax = 100;
const isOver = /^(?:completed|failed|cancelled)$/;

export class HostedTasks {
  readonly #asking: Asking;
  readonly #kept = new Map<string, HostedTask>();
  /** Asked for and not answered yet. */
  readonly #opening = new Map<Upstream, number>();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /**
   * Asks for something as a task. What the client answers at once passes as it is. `ended` is called when the
   * task is over, or there is none. Throws an error of the protocol where the server has too many.
   */
  async begin(at: Upstream, request: ClientRequest, ended: () => void): Promise<RawResult> {
    const opening = this.#opening.get(at) ?? 0;
    this.#assertRoom(at, opening);
    this.#opening.set(at, opening + 1);
    try {
      const answer = await this.#asking.ask(request);
      const task = Object(answer['task']) as Params;
      const { taskId: theirs, ttl, status } = task;
      if (typeof theirs === 'string' && isOver.test(String(status))) ended();
      if (typeof theirs !== 'string') {
        ended();
        return answer;
      }
      const { id } = this.#keep({ at, theirs, ended }, ttl);
      return taskAnswer({ ...answer, task: { ...task, taskId: id } });
    } catch (failure) {
      ended();
      throw failure;
    } finally {
      this.#opening.set(at, (this.#opening.get(at) ?? 1) - 1);
    }
  }

  /** One of `tasks/get`, `tasks/result` and `tasks/cancel`, of a task of this server. */
  async about(at: Upstream, request: ClientRequest): Promise<RawResult> {
    const task = this.#kept.get(String(request.params?.['taskId']));
    // A task of another server is as unknown as one that is not there.
    if (task === undefined || task.at !== at) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such task');
    }
    const params = { ...request.params, taskId: task.theirs };
    const answer = await this.#asking.ask({ ...request, params });
    if (request.method === 'tasks/result') {
      task.ended();
      return answer;
    }
    if (isOver.test(String(answer['status']))) task.ended();
    return { ...answer, taskId: task.id };
  }

  /** Of the client's tasks those of this server, on one page. */
  async list(at: Upstream, { signal }: ClientRequest): Promise<RawResult> {
    const tasks: object[] = [];
    let cursor: unknown;
    for (let page = 0; page < pagesMax; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      const answer = await this.#asking.ask({ method: 'tasks/list', params, signal });
      const listed = Array.isArray(answer['tasks']) ? (answer['tasks'] as unknown[]) : [];
      for (const each of listed.map((one) => Object(one) as Params)) {
        const taskId = this.nameAt(at, String(each['taskId']));
        if (taskId !== undefined) tasks.push({ ...each, taskId });
      }
      cursor = answer['nextCursor'];
      if (typeof cursor !== 'string') break;
    }
    return { tasks };
  }

  /** The client said how far one of its tasks is: for which server that is, in its words. */
  heard(said: Params): { readonly at: Upstream; readonly params: Params } | undefined {
    const task = [...this.#kept.values()].find(({ theirs }) => theirs === said['taskId']);
    if (task === undefined) return undefined;
    if (isOver.test(String(said['status']))) task.ended();
    return { at: task.at, params: { ...said, taskId: task.id } };
  }

  /** As this server knows the client's task. */
  nameAt(at: Upstream, theirs: string): string | undefined {
    return [...this.#kept.values()].find((task) => task.at === at && task.theirs === theirs)?.id;
  }

  /** As the client knows the server's task. */
  nameAtClient(at: Upstream, id: string): string | undefined {
    const task = this.#kept.get(id);
    return task?.at === at ? task.theirs : undefined;
  }

  close(): void {
    for (const task of this.#kept.values()) {
      task.forget();
      task.ended();
    }
    this.#kept.clear();
  }

  #assertRoom(at: Upstream, opening: number): void {
    const { hostedMax } = taskLimits;
    const theirs = [...this.#kept.values()].filter((task) => task.at === at);
    if (theirs.length + opening < hostedMax) return;
    const message = `a server has at most ${hostedMax} tasks at a client; wait until one expires`;
    throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
  }

  /** For as long as the client says that it keeps the task. */
  #keep(task: Pick<HostedTask, 'at' | 'theirs' | 'ended'>, ttl: unknown): HostedTask {
    const { clock } = this.#asking;
    const id = systemIds.next(clock.now());
    const { ttlMsMin, ttlMsMax } = taskLimits;
    const asLong = typeof ttl === 'number' ? Math.min(Math.max(ttl, ttlMsMin), ttlMsMax) : ttlMsMax;
    const forget = clock.after(asLong, () => {
      this.#kept.delete(id);
      task.ended();
    });
    const kept = { ...task, id, forget };
    this.#kept.set(id, kept);
    return kept;
  }
}
