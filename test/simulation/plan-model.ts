/**
 * Which accounts a call has to reserve in, as the auditor sees it: from the plans, whose call it is and
 * when. Written from what the documents promise, without the kernel's code.
 */
import type { RawEntry, RawPlan } from './raw-entry.ts';

export interface ExpectedAccount {
  readonly org: string;
  readonly plan: RawPlan;
  /** All accounts of this member, whatever their window. */
  readonly group: string;
  readonly key: string;
  /** Whether an account of the group counts against the limit at that time. */
  readonly counts: (start: number) => boolean;
  readonly bucketMs: number | undefined;
}

/** The accounts, or undefined where a plan is for every member of a kind and the call has none. */
export function expectedAccounts(
  plans: readonly (readonly [org: string, plan: RawPlan])[],
  opened: RawEntry,
  decided: RawEntry,
): readonly ExpectedAccount[] | undefined {
  const found: ExpectedAccount[] = [];
  for (const [org, plan] of plans) {
    if (org !== '*' && org !== opened.by.org) continue;
    const members = membersOf(plan, opened, decided);
    if (members === undefined) return undefined;
    const [first] = members;
    if (first === undefined) continue;
    for (const name of plan.sharing === 'shared' ? ['*'] : members) {
      const member = name !== '*' && org === '*' ? `${opened.by.org}/${name}` : name;
      found.push(accountOf(org, plan, member, decided.at));
    }
  }
  return found;
}

function membersOf(
  { scope }: RawPlan,
  opened: RawEntry,
  { data, session, by }: RawEntry,
): readonly string[] | undefined {
  const values: Readonly<Record<string, readonly (string | undefined)[]>> = {
    all: ['*'],
    org: [opened.by.org],
    team: by.teams ?? [],
    principal: [opened.by.id],
    agent: [opened.data.agent],
    session: [session],
    action: [data.action],
    tool: [data.tool],
    model: [data.modelTerms?.id],
  };
  const own = (values[scope.kind] ?? []).filter((value) => value !== undefined);
  if (scope.id !== undefined) return own.filter((value) => value === scope.id);
  return own.length === 0 && scope.kind !== 'model' ? undefined : own;
}

function accountOf(org: string, plan: RawPlan, member: string, at: number): ExpectedAccount {
  const group = `plan:${org}/${plan.id}:${member}`;
  const { start, counts, bucketMs } = windowOf(plan.window, at);
  return { org, plan, group, key: `${group}@${start}|${plan.unit}`, counts, bucketMs };
}

const dayMs = 86_400_000;

function windowOf(window: RawPlan['window'], at: number) {
  const only = (start: number, bucketMs?: number) => ({
    start,
    counts: (each: number) => each === start,
    bucketMs,
  });
  if (window === 'unlimited') return only(0);
  const { every, everyMs, from, rollingMs, bucketMs } = window;
  if (typeof bucketMs === 'number') return only(0, bucketMs);
  if (typeof everyMs === 'number') {
    const offset = typeof from === 'number' ? from : 0;
    return only(Math.max(0, at - ((((at - offset) % everyMs) + everyMs) % everyMs)));
  }
  if (typeof rollingMs === 'number') {
    const sliceMs = rollingMs / 60;
    // What was reserved in a slice may have been reserved in its last millisecond.
    const counts = (start: number): boolean => at - (start + sliceMs - 1) < rollingMs;
    return { start: at - (at % sliceMs), counts, bucketMs: undefined };
  }
  if (every === 'day' && window['zone'] === 'UTC') return only(at - (at % dayMs));
  throw new Error(`the auditor knows no window ${JSON.stringify(window)}`);
}
