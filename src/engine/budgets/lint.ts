/**
 * Lint of budget plans: whom each one binds as far as the log knows, and what about it is likely not meant.
 * Nothing is decided here; a plan that could not be enforced was refused when it was set.
 */
import { type BudgetPlan, everyOrg, type RecordsByKind } from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { assertOrg } from '../known-members.ts';
import { scanAll } from '../store/scan.ts';

export const budgetLintCodes = [
  /** Nobody and nothing that the log knows is in its scope. */
  'matches-nothing',
  /** Its limit is zero: all that is in its scope is denied. */
  'zero-limit',
  /** Another plan binds all of its scope in the same unit and window, and at most as much. */
  'shadowed',
  /** Another plan has the same scope, unit and window. */
  'overlap',
] as const;

export interface BudgetFinding {
  readonly plan: string;
  readonly code: (typeof budgetLintCodes)[number];
  readonly message: string;
}

export interface BudgetLint {
  readonly org: string;
  /** By plan: members of its scope that the log knows; `undefined` for teams, which the log does not list. */
  readonly matches: Readonly<Record<string, readonly string[] | undefined>>;
  readonly findings: readonly BudgetFinding[];
}

type Known = Readonly<Record<Exclude<BudgetPlan['scope']['kind'], 'team' | 'all'>, Set<string>>>;

export async function lintBudgets(storage: Storage, org: string): Promise<BudgetLint> {
  assertOrg(org);
  const { records } = await storage.readRecords([{ kind: 'plans', key: org }]);
  const [record] = records;
  if (record === undefined) return { org, matches: {}, findings: [] };
  const { plans } = JSON.parse(record.value) as RecordsByKind['plans'];
  const known = await knownMembers(storage, org);
  const matches = Object.fromEntries(plans.map((plan) => [plan.id, membersOf(plan, known)]));
  const findings = plans.flatMap((plan) => [
    ...ownFindings(plan, matches[plan.id]),
    ...plans.filter(({ id }) => id !== plan.id).flatMap((other) => pairFindings(org, plan, other)),
  ]);
  return { org, matches, findings };
}

function ownFindings(
  plan: BudgetPlan,
  members: readonly string[] | undefined,
): readonly BudgetFinding[] {
  const findings: BudgetFinding[] = [];
  const add = (code: BudgetFinding['code'], message: string): void =>
    void findings.push({ plan: plan.id, code, message });
  if (members?.length === 0) {
    add('matches-nothing', `binds no ${plan.scope.kind} that the log knows`);
  }
  if (plan.limit === 0) add('zero-limit', 'denies every call in its scope');
  return findings;
}

/** What another plan takes from this one; of two that are the same, the first by name is told. */
function pairFindings(org: string, plan: BudgetPlan, other: BudgetPlan): readonly BudgetFinding[] {
  const same = (left: unknown, right: unknown): boolean =>
    JSON.stringify(left) === JSON.stringify(right);
  if (plan.unit !== other.unit || !same(plan.window, other.window)) return [];
  if (same(plan.scope, other.scope) && plan.sharing === other.sharing) {
    if (plan.id > other.id) return [];
    const message = `has the scope, unit and window of \`${other.id}\`: the lower limit counts`;
    return [{ plan: plan.id, code: 'overlap', message }];
  }
  if (!covers(org, other, plan) || !bindsFirst(other, plan)) return [];
  const message = `never binds: \`${other.id}\` admits no more, and covers all of it`;
  return [{ plan: plan.id, code: 'shadowed', message }];
}

/** Whether every account of a plan lies within one account of the other. Certain ones only. */
function covers(org: string, wide: BudgetPlan, narrow: BudgetPlan): boolean {
  // Whoever is in no team is refused by it, whatever is left.
  if (narrow.scope.kind === 'team' && 'every' in narrow.scope) return false;
  if (wide.scope.kind === 'all') return true;
  // An org's plans are about nobody else; those of the installation are about others, too.
  if (wide.scope.kind === 'org' && org !== everyOrg) return true;
  if (wide.scope.kind !== narrow.scope.kind || !('every' in wide.scope)) return false;
  return wide.sharing === 'shared' || !('every' in narrow.scope);
}

/** Whether a plan that covers another leaves it nothing to do: to ask, warn, freeze or halt before it. */
function bindsFirst(wide: BudgetPlan, narrow: BudgetPlan): boolean {
  if (wide.limit > narrow.limit) return false;
  if (narrow.onExhausted === 'halt' && wide.limit === narrow.limit) return false;
  if (narrow.onOverrun === 'freeze' && wide.onOverrun === 'continue') return false;
  const { warnAt, askAt, downgradeAt } = narrow;
  return [warnAt, askAt, downgradeAt].every(
    // Of what is used, a plan sees no more than the wider one lets through.
    (percent) =>
      percent === 0 || BigInt(narrow.limit) * BigInt(percent) > BigInt(wide.limit) * 100n,
  );
}

function membersOf({ scope }: BudgetPlan, known: Known): readonly string[] | undefined {
  if (scope.kind === 'all') return [...known.org].toSorted();
  if (scope.kind === 'team') return undefined;
  const found = [...known[scope.kind]];
  return found.filter((name) => 'every' in scope || name === scope.id).toSorted();
}

async function knownMembers(storage: Storage, org: string): Promise<Known> {
  const known: Known = {
    org: new Set(),
    principal: new Set(),
    agent: new Set(),
    session: new Set(),
    action: new Set(),
    tool: new Set(),
    model: new Set(),
  };
  const own = org === everyOrg ? {} : { parent: org };
  if (org !== everyOrg) known.org.add(org);
  for await (const { value } of scanAll(storage, { kind: 'session', ...own })) {
    const session = JSON.parse(value) as RecordsByKind['session'];
    known.org.add(session.org);
    known.principal.add(session.principal);
    known.session.add(session.id);
  }
  for await (const { value } of scanAll(storage, { kind: 'agent' })) {
    const agent = JSON.parse(value) as RecordsByKind['agent'];
    if ([agent.org, org].includes(everyOrg) || agent.org === org) known.agent.add(agent.name);
  }
  for await (const { value } of scanAll(storage, { kind: 'tool' })) {
    const { name, action } = JSON.parse(value) as RecordsByKind['tool'];
    known.tool.add(name);
    known.action.add(action);
  }
  for await (const { value } of scanAll(storage, { kind: 'prices' })) {
    const { document } = JSON.parse(value) as RecordsByKind['prices'];
    for (const id of Object.keys(document.models)) known.model.add(id);
  }
  return known;
}
