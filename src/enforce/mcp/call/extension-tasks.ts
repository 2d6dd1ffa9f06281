/**
 * Tasks as a client of 2026-07-28 sees them (`io.modelcontextprotocol/tasks`, SEP-2663). Nobody asks for one:
 * a call that its server runs as a task is answered with one where the client says that it knows of them. It
 * asks how far it is, answers what the server asks meanwhile, and gets the result with the last answer.
 */
import {
  type CallToolResult,
  type ClientCapabilities,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import { MissingRequiredClientCapabilityError } from '@modelcontextprotocol/server';
import { taskLimits } from '../config/config.ts';
import { capabilityFor } from '../protocol/capabilities.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { taskAnswer } from '../protocol/task-answers.ts';
import type { ServerTask } from '../upstream/server-task.ts';
import type { ParkedCall } from './parked.ts';
import type { RunningTasks } from './running-tasks.ts';
import type { KeptTask } from './task-store.ts';

/** What the client brings along with `tasks/update`. */
export interface TaskAnswers {
  /** By the keys of the questions. */
  readonly accepted: RawResult;
  /** Keys under which there is something that no answer can be. */
  readonly malformed: readonly string[];
}

export class ExtensionTasks {
  readonly #tasks: RunningTasks;

  constructor(tasks: RunningTasks) {
    this.#tasks = tasks;
  }

  /**
   * What the client is answered with in place of the result: from here on the call outlives its request.
   * Undefined where it can have no task more: then the call is waited for, as any other.
   */
  adopt(
    {
      id,
      giveUp: stop,
      result,
      questions,
    }: Pick<ParkedCall, 'id' | 'giveUp' | 'result' | 'questions'>,
    running: ServerTask,
    shown: (result: CallToolResult) => CallToolResult,
  ): RawResult | undefined {
    if (this.#tasks.problem !== undefined) return undefined;
    // No client says how long it shall run: that is the permit's to say, which ends sooner.
    const ttlMs = taskLimits.ttlMsMax;
    const made = { id, ttlMs, stop, result: result.then(shown), running, questions };
    const task = this.#tasks.keep(made, (ended) => {
      this.#tasks.change(ended, 'completed');
      this.#tasks.store.keepFor(ended, taskLimits.ttlMs);
    });
    return taskAnswer({ resultType: 'task', ...shownTask(task) });
  }

  /** Throws where a question waits that the client, by what it says of itself now, cannot be asked. */
  async get(id: unknown, capabilities: ClientCapabilities): Promise<RawResult> {
    const task = this.#tasks.find(id);
    const told = task.running?.progress().catch(() => undefined);
    // It may end meanwhile: then that is what counts.
    const { statusMessage } = (await Promise.race([told, task.result.then(() => undefined)])) ?? {};
    if (task.status === 'completed') {
      return { ...shownTask(task), result: { ...(await task.result), resultType: 'complete' } };
    }
    if (task.status !== 'working') return shownTask(task);
    const shown = { ...shownTask(task), ...(statusMessage === undefined ? {} : { statusMessage }) };
    const inputRequests = task.questions?.requests ?? {};
    if (Object.keys(inputRequests).length === 0) return shown;
    assertAskable(inputRequests, capabilities);
    return { ...shown, status: 'input_required', inputRequests };
  }

  /** What is under no key of a question that waits is left alone: it was answered before, or never asked. */
  update(id: unknown, { accepted, malformed }: TaskAnswers): RawResult {
    const { questions } = this.#tasks.find(id);
    const waiting = questions?.requests ?? {};
    const wrong = malformed.find((key) => Object.hasOwn(waiting, key));
    if (wrong !== undefined) {
      const message = `what is under \`${wrong}\` of \`inputResponses\` is no answer`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    for (const [key, answer] of Object.entries(accepted))
      questions?.answer(key, answer as RawResult);
    return {};
  }

  /** One that has ended stays as it is. */
  cancel(id: unknown): RawResult {
    const task = this.#tasks.find(id);
    if (task.status === 'working') this.#tasks.cancel(task);
    return {};
  }
}

function assertAskable(
  questions: Readonly<Record<string, RawResult>>,
  capabilities: ClientCapabilities,
): void {
  for (const { method } of Object.values(questions)) {
    const needed = capabilityFor(method);
    if (needed === undefined || capabilities[needed] !== undefined) continue;
    const message = `the task asks for \`${String(method)}\`, which the client did not declare`;
    const requiredCapabilities = { [needed]: {} };
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities }, message);
  }
}

function shownTask({ id, status, createdAt, changedAt, ttlMs, questions }: KeptTask): RawResult {
  const lastUpdatedAt = Math.max(changedAt, questions?.changedAt ?? 0);
  return {
    taskId: id,
    status,
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(lastUpdatedAt).toISOString(),
    ttlMs,
    pollIntervalMs: taskLimits.pollIntervalMs,
  };
}
