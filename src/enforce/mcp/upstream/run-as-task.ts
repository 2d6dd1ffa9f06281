/**
 * A call that a server runs as a task (2025-11-25): created, waited for, and cancelled where nobody waits any
 * more. To the kernel it is one call, from its permit to its result.
 */
import { thrownMessage } from '../../../engine/index.ts';
import { ProtocolError, ProtocolErrorCode, type Tool } from '@modelcontextprotocol/client';
import { configLimits } from '../config/config.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { checked } from './checked-result.ts';
import { progressIn, type TaskProgress } from './server-task.ts';
import type { ForwardOptions, Upstream } from './upstream.ts';

type Params = Readonly<Record<string, unknown>>;

export interface TaskTerms extends Pick<ForwardOptions, 'logLevel' | 'onprogress'> {
  readonly signal: AbortSignal;
  /** How long the server shall keep the task, ms. */
  readonly ttlMs: number;
  /** The server has the task under this id. */
  readonly onCreated: (id: string) => void;
}

/** Whether a server runs calls of tools as tasks at all. */
export function runsTasks({ capabilities }: Pick<Upstream, 'capabilities'>): boolean {
  return capabilities.tasks?.requests?.tools?.call !== undefined;
}

/** As it answers where it knows no such task. */
const invalidParams: number = ProtocolErrorCode.InvalidParams;

/**
 * Throws what the server answers in place of a result. How long it may take is the permit's to say: its
 * signal fires then.
 */
export function callAsTask(
  upstream: Upstream,
  tool: Tool,
  params: Params,
  terms: TaskTerms,
): Promise<RawResult> {
  const asked = { ...params, name: tool.name, task: { ttl: terms.ttlMs } };
  return upstream.hearing(asked, terms.onprogress, (told) => ran(upstream, tool, told, terms));
}

async function ran(
  upstream: Upstream,
  tool: Tool,
  asked: Params,
  { signal, logLevel, onCreated }: TaskTerms,
): Promise<RawResult> {
  const taskId = taskIdIn(await upstream.request('tools/call', asked, { signal, logLevel }));
  onCreated(taskId);
  try {
    const timeoutMs = configLimits.timeoutMsMax;
    const result = await upstream.request('tasks/result', { taskId }, { signal, timeoutMs });
    return checked(tool, result);
  } catch (failure) {
    if (failure instanceof ProtocolError && failure.code !== invalidParams) {
      throw failure;
    }
    // Stopped, timed out, or a server that does not know its own task: nobody waits for it any more.
    void cancelled(upstream, taskId);
    // Whatever it was, the task was begun: it is no refusal, and the server was there.
    throw new Error(thrownMessage(failure), { cause: failure });
  }
}

/** As far as the server can still be told. */
async function cancelled(upstream: Upstream, taskId: string): Promise<void> {
  try {
    await upstream.request('tasks/cancel', { taskId });
  } catch {
    // It is gone, or has ended the task meanwhile.
  }
}

/** As the server says when it is asked. */
export async function taskProgress(
  upstream: Upstream,
  taskId: string,
): Promise<TaskProgress | undefined> {
  return progressIn(await upstream.request('tasks/get', { taskId }));
}

function taskIdIn({ task }: RawResult): string {
  const { taskId } = Object(task) as { readonly taskId?: unknown };
  if (typeof taskId === 'string' && taskId !== '') return taskId;
  throw new Error('it was asked for a task, and answered with none');
}
