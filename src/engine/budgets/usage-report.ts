/**
 * Usage as the log has it: what calls came to, grouped by whom and what they were of.
 *
 * A call belongs to the instant at which it was decided, however late it ended, as it does in budgets: what
 * a window posted and what is reported of that time are the same. One pass; what is kept is a sum for each
 * group, and the calls that have not ended yet or were given up and may still tell what they used.
 */
import {
  type Amounts,
  amountOf,
  type Event,
  isName,
  type ModelOutcome,
  quoted,
} from '../../kernel/index.ts';
import { EntryError } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import type { PlacedEvent } from '../store/placed-event.ts';
import { assertMembers } from '../known-members.ts';
import { fault } from '../error.ts';
import { eventsFrom, firstIndexAt } from '../store/events-from.ts';
import { SessionAgents } from './session-agents.ts';
import {
  type UsageDimension,
  usageDimensions,
  UsageTallies,
  type UsageRow,
  type UsageTally,
} from './usage-tally.ts';

export interface UsageQuery {
  /** Only this org's calls; those of every org where nothing is said. Rows say whose they are either way. */
  readonly org?: string;
  /** Log time (ms) from which on calls count, itself included. */
  readonly from?: number;
  /** Log time (ms) before which calls count, itself not included. */
  readonly to?: number;
  readonly by: readonly UsageDimension[];
}

/** Rows in the order of their groups. Throws `input-invalid` where the query says what there is not. */
export async function usageReport(
  storage: Storage,
  query: UsageQuery,
): Promise<readonly UsageRow[]> {
  const tallies = await tallyUsage(storage, query);
  return tallies.map((tally) => tally.row());
}

/** The sums behind the rows, for those who sum further. */
export async function tallyUsage(
  storage: Storage,
  query: UsageQuery,
): Promise<readonly UsageTally[]> {
  const { org, from = 0, to = Number.POSITIVE_INFINITY, by } = checkedQuery(query);
  const tallies = new UsageTallies(by);
  const calls: Calls = { open: new Map(), givenUp: new Map() };
  const agents = new SessionAgents(storage);
  for await (const placed of eventsFrom(storage, await firstIndexAt(storage, from))) {
    const { event, at } = placed;
    if (at >= to && calls.open.size + calls.givenUp.size === 0) break;
    if (event.type === 'session-opened') agents.put(event.data.session, event.data.agent);
    const isCounted = at >= from && at < to && (org === undefined || placed.by.org === org);
    if (event.type !== 'action-decided') shaped(placed, () => resolve(calls, event));
    else if (isCounted) {
      const agent = await agents.of(event.session ?? '');
      shaped(placed, () => decide({ tallies, calls, placed, agent }, event.data));
    }
  }
  for (const { tallies: own } of calls.open.values()) {
    for (const tally of own) tally.count('open');
  }
  return tallies.sorted();
}

function checkedQuery(query: UsageQuery): UsageQuery {
  assertMembers('the options of a usage report', query, ['org', 'from', 'to', 'by']);
  const { org, from, to, by } = query;
  if (org !== undefined && !isName(org)) {
    throw fault('input-invalid', `${quoted(org)} cannot be an org`);
  }
  for (const bound of [from, to]) {
    if (bound === undefined || (Number.isSafeInteger(bound) && bound >= 0)) continue;
    throw fault('input-invalid', `${quoted(bound)} is no log time in milliseconds`);
  }
  const given: unknown = by;
  if (!Array.isArray(given)) throw fault('input-invalid', '`by` lists what usage is grouped by');
  const unknown = by.find((dimension) => !usageDimensions.includes(dimension));
  if (unknown !== undefined) {
    throw fault('input-invalid', `usage cannot be grouped by ${quoted(unknown)}`);
  }
  return query;
}

/** A call that was allowed and has not ended. */
interface OpenCall {
  /** One, or one for each team. */
  readonly tallies: readonly UsageTally[];
}

/** Calls by their permits. */
interface Calls {
  readonly open: Map<string, OpenCall>;
  /** Those that were charged in full, with what was charged. */
  readonly givenUp: Map<
    string,
    { readonly tallies: readonly UsageTally[]; readonly charged: Amounts }
  >;
}

interface Counting {
  readonly tallies: UsageTallies;
  readonly calls: Calls;
  readonly placed: PlacedEvent;
  readonly agent: string;
}

type DataOf<T extends Event['type']> = Extract<Event, { readonly type: T }>['data'];

function decide({ tallies, calls, placed, agent }: Counting, data: DataOf<'action-decided'>): void {
  const { by, at, event } = placed;
  const values = {
    // A call is decided for the principal of its session and nobody else.
    org: by.org,
    principal: by.id,
    agent,
    session: event.session ?? '',
    model: data.modelTerms?.id ?? data.model?.name ?? '',
    action: data.action,
    tool: data.tool,
    day: dayOf(at),
  };
  const { teams = [] } = by;
  const own =
    tallies.groupsBy('team') && teams.length > 0
      ? teams.map((team) => tallies.of({ ...values, team }))
      : [tallies.of(values)];
  for (const tally of own) {
    tally.count('calls');
    if (data.outcome !== 'allow') tally.count('refused');
  }
  if (data.permit === 'none') return;
  calls.open.set(data.decision, { tallies: own });
}

/** Counts how a call ended. Of a call that is not asked for, nothing is known here and nothing counted. */
function resolve({ open, givenUp }: Calls, event: Event): void {
  if (event.type === 'usage-late') return countLate(givenUp, event.data);
  const isEnd =
    event.type === 'permit-settled' ||
    event.type === 'permit-voided' ||
    event.type === 'permit-expired';
  const call = isEnd ? open.get(event.data.permit) : undefined;
  if (!isEnd || call === undefined) return;
  open.delete(event.data.permit);
  for (const tally of call.tallies) countEnd(tally, event);
  if (event.type !== 'permit-expired' || !event.data.started) return;
  givenUp.set(event.data.permit, { tallies: call.tallies, charged: event.data.usage });
}

type End = Extract<Event, { readonly type: 'permit-settled' | 'permit-voided' | 'permit-expired' }>;

function countEnd(tally: UsageTally, event: End): void {
  if (event.type === 'permit-settled') {
    tally.charge(Object.entries(event.data.usage));
    countAnswer(tally, event.data.model);
    if (event.data.model?.problem !== undefined) tally.count('problems');
  } else if (event.type === 'permit-expired' && event.data.started) {
    tally.charge(Object.entries(event.data.usage));
    tally.count('problems');
  }
}

/** What a call tells after it was charged in full: what is charged with it, less what was before. */
function countLate(givenUp: Calls['givenUp'], data: DataOf<'usage-late'>): void {
  const call = givenUp.get(data.permit);
  if (call === undefined) return;
  givenUp.delete(data.permit);
  const { tallies, charged } = call;
  for (const tally of tallies) {
    for (const [unit, amount] of Object.entries(data.posted)) {
      tally.charge([[unit, amount - amountOf(charged, unit)]]);
    }
    countAnswer(tally, data.model);
  }
}

function countAnswer(tally: UsageTally, model: ModelOutcome | undefined): void {
  if (model?.usage !== undefined) tally.countTokens(model.usage);
  if (model?.isOther === true) tally.count('otherModel');
}

/** The UTC day of a log time, which may be anything that a counter can hold. */
function dayOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().slice(0, 10);
}

/** An entry that has not the shape of its kind was not written by a control plane; it is not guessed at. */
function shaped({ index, event }: PlacedEvent, count: () => void): void {
  try {
    count();
  } catch (cause) {
    throw new EntryError('malformed', `entry ${index} is no \`${event.type}\``, { cause });
  }
}
