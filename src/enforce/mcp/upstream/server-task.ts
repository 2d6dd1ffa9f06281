/** A call as the server has it that runs it as a task, in either era of the protocol. */
import type { RawResult } from '../protocol/raw-result.ts';

/** What is known of a task where it runs. */
export interface TaskProgress {
  readonly status: 'working' | 'input_required';
  readonly statusMessage?: string;
}

export interface ServerTask {
  /** Which connection to which server: ids of tasks are that one's own. */
  readonly at: object;
  readonly id: string;
  readonly progress: () => Promise<TaskProgress | undefined>;
}

/** How far a server says that a task is; undefined where it does not say that it runs. */
export function progressIn({ status, statusMessage }: RawResult): TaskProgress | undefined {
  if (status !== 'working' && status !== 'input_required') return undefined;
  return typeof statusMessage === 'string' ? { status, statusMessage } : { status };
}
