/**
 * What a call gave, for its own caller to have a second time: the text that is kept beside the entry which
 * settled its permit. Only of a call that ended, and whose result was passed on the first time.
 */
import type { DecisionRecord, EventDataByType } from '../../kernel/index.ts';
import { frozenFromCanonical, readEntry } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { isStandIn } from '../core/payload.ts';
import { placedEvent } from '../store/placed-event.ts';
import { contentText } from '../store/store-read.ts';

/** Frozen; undefined where it was withheld, erased, never told, or could not be kept as it was. */
export async function keptResult(storage: Storage, decision: DecisionRecord): Promise<unknown> {
  const { permit, resolvedIndex } = decision;
  // In every other state nobody told a result, or nobody knows what it is worth.
  if (permit !== 'succeeded' && permit !== 'failed') return undefined;
  if (resolvedIndex === undefined || !(await isAsPassedOn(storage, resolvedIndex)))
    return undefined;
  const text = await contentText(storage, resolvedIndex, 'result');
  return text === undefined || isStandIn(text) ? undefined : frozenFromCanonical(text);
}

/** Whether what is kept beside a settlement is what was passed on. */
async function isAsPassedOn(storage: Storage, index: number): Promise<boolean> {
  const [entry] = await storage.readEntries(index, 1);
  const event = entry === undefined ? undefined : placedEvent(readEntry(entry.body)).event;
  return event?.type === 'permit-settled' && isKeptAsPassedOn(event.data);
}

/** Not what was withheld; nor in shadow mode, where what is kept lacks what was passed on all the same. */
function isKeptAsPassedOn({ output, facts = [] }: EventDataByType['permit-settled']): boolean {
  if (output === undefined) return true;
  const isRedacted = facts.some(({ redacted = 0 }) => redacted > 0);
  return output.effective === 'pass' && isRedacted === (output.redacted ?? 0) > 0;
}
