/** The feed: entries of the log as readers see them, in order and without gaps. */
import { eventTypes, quoted } from '../../kernel/index.ts';
import { readEntry } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import type { PlacedEvent } from './placed-event.ts';
import { fault } from '../error.ts';
import { entryPages } from './entry-pages.ts';
import { assertList, assertMembers } from '../known-members.ts';
import { placedEvent } from './placed-event.ts';

/** One entry. `contents` are the payloads it commits to, those that are not erased. */
export interface LogEvent {
  readonly index: number;
  /** Log time, ms since the epoch. */
  readonly at: number;
  readonly type: PlacedEvent['event']['type'];
  readonly session: string | undefined;
  /** Position within its session, from 1. */
  readonly sequence: number | undefined;
  readonly command: string;
  readonly by: PlacedEvent['by'];
  readonly data: PlacedEvent['event']['data'];
  readonly contents: Readonly<Record<string, string>>;
}

export interface EventQuery {
  /** First index to return; 0 by default. */
  readonly from?: number;
  /** At most this many entries; all by default. */
  readonly limit?: number;
  readonly session?: string;
  /** Only entries of these types. */
  readonly types?: readonly LogEvent['type'][];
}

const queryKnown = [
  'from',
  'limit',
  'session',
  'types',
] as const satisfies readonly (keyof EventQuery)[];

/** Throws `input-invalid` where it is no count: taken for none, a wrong one would give the whole log. */
export function limitOf({ limit = Number.POSITIVE_INFINITY }: EventQuery): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0))
    return limit;
  throw fault('input-invalid', '`limit` is a whole number, 0 or more');
}

/** A type that there is not, or a session that is none, would give an empty answer: nothing happened. */
function assertFilters({ from = 0, session, types }: EventQuery): void {
  if (!Number.isSafeInteger(from) || from < 0) {
    throw fault('input-invalid', '`from` is the index of an entry');
  }
  if (session !== undefined && typeof session !== 'string') {
    throw fault('input-invalid', '`session` is the id of a session');
  }
  if (types === undefined) return;
  assertList('`types`', types);
  const unknown = types.find((type) => !eventTypes.includes(type));
  if (unknown !== undefined) throw fault('input-invalid', `no event is ${quoted(unknown)}`);
}

/** Never shown: the session's secret is kept beside the log for the engine alone. */
const hiddenFields: ReadonlySet<string> = new Set(['secret']);

export async function* readEvents(
  storage: Storage,
  query: EventQuery = {},
): AsyncGenerator<LogEvent, void, undefined> {
  assertMembers('the options of a query of events', query, queryKnown);
  const { session, types } = query;
  assertFilters(query);
  let left = limitOf(query);
  if (left <= 0) return;
  let from = query.from ?? 0;
  for await (const entries of entryPages(storage, from)) {
    const next = from + entries.length;
    const contents = await storage.readContents(from, next);
    const fields = new Map<number, Record<string, string>>();
    for (const { index, field, text } of contents) {
      if (hiddenFields.has(field)) continue;
      const known = fields.get(index);
      if (known === undefined) fields.set(index, { [field]: text });
      else known[field] = text;
    }
    for (const stored of entries) {
      const event = logEvent(placedEvent(readEntry(stored.body)), fields.get(stored.index) ?? {});
      if (session !== undefined && event.session !== session) continue;
      if (types !== undefined && !types.includes(event.type)) continue;
      yield event;
      left -= 1;
      if (left <= 0) return;
    }
    from = next;
  }
}

export function logEvent(
  placed: PlacedEvent,
  contents: Readonly<Record<string, string>>,
): LogEvent {
  const { index, at, command, by, sequence, event } = placed;
  const { type, session, data } = event;
  return { index, at, type, session, sequence, command, by, data, contents };
}
