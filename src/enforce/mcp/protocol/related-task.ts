/**
 * Which task a message is about (`io.modelcontextprotocol/related-task`, 2025-11-25). Each side has names of
 * its own for a task: the member is translated wherever a message passes, and left out where it says nothing.
 */
import { withoutHopMeta } from './meta-keys.ts';
import type { RawResult } from './raw-result.ts';

const relatedTask = 'io.modelcontextprotocol/related-task';

/** The name of a task on the other side; undefined where it has none there. */
export type NameThere = (taskId: string) => string | undefined;

/** What a message says that it is about, in its `_meta`. */
export function withRelatedTask<M extends RawResult>(message: M, taskId: string): M {
  const meta = message['_meta'] as object | undefined;
  return { ...message, _meta: { ...meta, [relatedTask]: { taskId } } };
}

/** The task that a message is about; undefined where it does not say. */
export function relatedTaskIn(message: RawResult | undefined): string | undefined {
  return nameIn(metaOf(message), (taskId) => taskId);
}

/** As it is, but for the task's name. */
export function renamed<M extends RawResult | undefined>(message: M, nameThere: NameThere): M {
  const meta = metaOf(message);
  if (message === undefined || meta?.[relatedTask] === undefined) return message;
  const { [relatedTask]: _, ...others } = meta;
  const there = nameIn(meta, nameThere);
  const kept = { ...message, _meta: others };
  return there === undefined ? kept : withRelatedTask(kept, there);
}

/** The same, without what each hop says for itself. */
export function translated(message: RawResult, nameThere: NameThere): RawResult {
  const there = nameIn(metaOf(message), nameThere);
  const passed = withoutHopMeta(message);
  return there === undefined ? passed : withRelatedTask(passed, there);
}

type Meta = Readonly<Record<string, unknown>>;

function metaOf(message: RawResult | undefined): Meta | undefined {
  return (message?.['_meta'] ?? undefined) as Meta | undefined;
}

function nameIn(meta: Meta | undefined, nameThere: NameThere): string | undefined {
  const { taskId } = Object(meta?.[relatedTask]) as { readonly taskId?: unknown };
  return typeof taskId === 'string' ? nameThere(taskId) : undefined;
}
