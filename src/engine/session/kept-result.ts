/**
 * What a call gave, for its own caller to have a second time: the text that is kept beside the entry which
 * settled its permit. Only of a call that ended, and whose result was passed on the first time.
 */
import type { DecisionRecord, EventDataByType } from '../../kernel/index.ts';
import { frozenFromCanonical, readEntry } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { isStandIn } from '../core/payload.ts';
import { placedEvent } from '../store/replica.ts';
import { contentText } from '../store/store-read.ts';

const pageSize = 500;

/** Frozen; undefined where it was withheld, erased, never told, or could not be kept as it was. */
export async function keptResult(storage: Storage, decision: DecisionRecord): Promise<unknown> {
  const { permit } = decision;
  // In every other state nobody told a result, or nobody knows what it is worth.
  if (permit !== 'succeeded' && permit !== 'failed') return undefined;
  const index = await releasedAt(storage, decision);
  const text = index === undefined ? undefined : await contentText(storage, index, 'result');
  return text === undefined || isStandIn(text) ? undefined : frozenFromCanonical(text);
}

/**
 * Index of the entry that settled the permit; undefined where what is kept with it is not what was passed
 * on. A call is settled within its time to run: the search is as long as what the log took on meanwhile.
 */
async function releasedAt(
  storage: Storage,
  { id, index: decidedAt }: DecisionRecord,
): Promise<number | undefined> {
  for (let from = decidedAt + 1; ;) {
    const entries = await storage.readEntries(from, pageSize);
    if (entries.length === 0) return undefined;
    for (const { body } of entries) {
      const { index, event } = placedEvent(readEntry(body));
      if (event.type !== 'permit-settled' || event.data.permit !== id) continue;
      return isKeptAsPassedOn(event.data) ? index : undefined;
    }
    from += entries.length;
  }
}

/** Not what was withheld; nor in shadow mode, where what is kept lacks what was passed on all the same. */
function isKeptAsPassedOn({ output, facts = [] }: EventDataByType['permit-settled']): boolean {
  if (output === undefined) return true;
  const isRedacted = facts.some(({ redacted = 0 }) => redacted > 0);
  return output.effective === 'pass' && isRedacted === (output.redacted ?? 0) > 0;
}
