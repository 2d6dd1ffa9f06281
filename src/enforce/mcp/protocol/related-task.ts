/**
 * Which task a message is about (`io.modelcontextprotocol/related-task`, 2025-11-25). Each side has names of
 * its own for a task: the member is translated wherever a message passes, and left out where it says nothing.
 */
import { withoutHopMeta } from './meta-keys.ts';
import type { RawResult } from './raw-result.ts';

const relatedTask = 'io.modelcontextprotocol/related-task';

/** What a message says that it is about, in its `_meta`. */
export function withRelatedTask<M extends RawResult>(message: M, taskId: string): M {
  const meta = message['_meta'] as object | undefined;
  return { ...message, _meta: { ...meta, [relatedTask]: { taskId } } };
}

/** Without what each hop says for itself, and with the task's name on the other side where it has one. */
export function translated(
  message: RawResult,
  nameThere: (taskId: string) => string | undefined,
): RawResult {
  const passed = withoutHopMeta(message);
  const meta = message['_meta'] as Readonly<Record<string, unknown>> | null | undefined;
  const { taskId } = Object(meta?.[relatedTask]) as { readonly taskId?: unknown };
  const there = typeof taskId === 'string' ? nameThere(taskId) : undefined;
  return there === undefined ? passed : withRelatedTask(passed, there);
}
