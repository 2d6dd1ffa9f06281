/** Mutants of budget plans: whom they bind, what they count, who sets them. */
import type { Mutant } from './mutant.ts';

const budget = (file: string) => `src/kernel/budget/${file}.ts`;
const planTests = ['test/kernel/budget-plans.test.ts'];
const tenantTests = ['test/attack/tenants.test.ts'];

const largestTests = ['test/engine/largest-amounts.test.ts'];

export const budgetMutants: readonly Mutant[] = [
  {
    name: 'map-is-no-limit',
    guards:
      'What holds its amounts in no members, such as a map, is refused: it would be no limit.',
    file: 'src/kernel/amount.ts',
    find: 'if (isOpaque(value)) return undefined;',
    replace: '',
    tests: ['src/kernel/amount.test.ts', 'test/engine/odd-options.test.ts'],
  },
  {
    name: 'every-end-freezes-anew',
    guards: 'A call that ends as it was reserved freezes nothing anew that was raised since.',
    file: 'src/kernel/decision/apply-decision.ts',
    find: 'if (!account.frozen || account.overrun === before.overrun) return account;',
    replace: 'if (!account.frozen) return account;',
    tests: ['test/engine/budget-plans.test.ts'],
  },
  {
    name: 'one-plan-is-left-out',
    guards: 'Every budget that applies reserves, or none does.',
    file: budget('reservation'),
    find: 'for (const account of attributed.accounts) {',
    replace: 'for (const account of attributed.accounts.slice(1)) {',
    tests: planTests,
  },
  {
    name: 'unattributable-is-exempt',
    guards: 'A call without what a plan is counted by is denied.',
    file: budget('plan-account'),
    find: 'if (found === undefined) {',
    replace: 'if (found === undefined) continue; else if (false) {',
    tests: planTests,
  },
  {
    name: 'rolling-window-forgets',
    guards: 'No stretch of a rolling window holds more than the limit.',
    file: budget('plan-account'),
    find: 'return { plan, member, key: keyAt(current), counted };',
    replace: 'return { plan, member, key: keyAt(current), counted: counted.slice(0, 9) };',
    tests: planTests,
  },
  {
    name: 'members-of-two-orgs-share',
    guards: 'Members of a plan of the installation are told apart by their org.',
    file: budget('plan-account'),
    find: "const ownOrg = record.org === subject.org ? '' : `${subject.org}/`;",
    replace: "const ownOrg = '';",
    tests: planTests,
  },
  {
    name: 'any-admin-sets-any-budget',
    guards: 'An admin sets the budgets of the own org alone.',
    file: 'src/kernel/budget/handle-budget.ts',
    find: "if (!permitsIn(view, by, 'set-budget', org)) return notPermitted(view, by, 'set-budget', org);",
    replace: "if (!permitsIn(view, by, 'set-budget', by.org)) return reject('permission-denied');",
    tests: planTests,
  },
  {
    name: 'lowered-limit-is-ignored',
    guards: 'The limit in force counts, not the one that the account began with.',
    file: budget('reservation'),
    find: 'return { ...openBudget(name, plan.unit, plan.limit), reserved, posted, reservedEver, frozen };',
    replace:
      "const limit = view.get('budget', counted[0] ?? '')?.limit ?? plan.limit; " +
      'return { ...openBudget(name, plan.unit, limit), reserved, posted, reservedEver, frozen };',
    tests: planTests,
  },
  {
    name: 'all-needs-no-word',
    guards: 'A plan over every org has to be acknowledged.',
    file: budget('plan'),
    find: 'if (acknowledged !== true) {',
    replace: 'if (false) {',
    tests: planTests,
  },
  {
    name: 'seconds-as-reported',
    guards: 'The time that a tool took is the log’s, whatever it reports.',
    file: 'src/kernel/decision/handle-permit.ts',
    find: 'usage[countedUnits.seconds] = Math.min(seconds, secondsMax);',
    replace: '',
    tests: planTests,
  },
  {
    name: 'rehearsal-halts',
    guards: 'A session that rehearses neither warns nor halts.',
    file: 'src/kernel/decision/authorize.ts',
    find: "const notices = session.mode === 'live' ? budgets.events : [];",
    replace: 'const notices = budgets.events;',
    tests: planTests,
  },
  {
    name: 'halt-stops-the-org',
    guards: 'Exhaustion halts whoever shares the account, and nobody else.',
    file: budget('reservation'),
    find: "const isOfOne = 'id' in scope || sharing === 'perMember';",
    replace: "const isOfOne = 'id' in scope;",
    tests: planTests,
  },
  {
    name: 'namesake-attaches',
    guards: 'A session is its principal’s in its org, whoever has the same name elsewhere.',
    file: 'src/engine/session/open-session.ts',
    find: 'record === undefined || record.org !== by.org || record.principal !== by.id',
    replace: 'record === undefined || record.principal !== by.id',
    tests: tenantTests,
  },
  {
    name: 'tickets-of-every-org',
    guards: 'The pending tickets of an org are its own.',
    file: 'src/engine/control-plane.ts',
    find: ".filter((ticket) => ticket.org === org && ticket.status === 'pending')",
    replace: ".filter((ticket) => org !== '' && ticket.status === 'pending')",
    tests: tenantTests,
  },
  {
    name: 'lint-sees-every-org',
    guards: 'A lint of one org’s plans tells nothing of another’s people.',
    file: 'src/engine/budgets/lint.ts',
    find: 'const own = org === everyOrg ? {} : { parent: org };',
    replace: 'const own = {};',
    tests: tenantTests,
  },
  {
    name: 'usage-not-waited-for',
    guards: 'A usage that is a promise counts.',
    file: 'src/enforce/guard.ts',
    find: "isPromise(told) ? await unlessAborted(signal, told, 'it was stopped') : told;",
    replace: "(told as Settlement['usage']);",
    tests: ['test/enforce/odd-callbacks.test.ts'],
  },
  {
    name: 'usage-waited-for-without-end',
    guards: 'A usage that never comes holds nobody up once the call was stopped.',
    file: 'src/enforce/unless-aborted.ts',
    find: 'return await Promise.race([work, gone]);',
    replace: 'return await work;',
    tests: ['test/enforce/odd-callbacks.test.ts'],
  },
  {
    name: 'uncountable-permit-stays-open',
    guards: 'A permit in a budget that cannot count further ends all the same.',
    file: 'src/kernel/decision/handle-permit.ts',
    find: 'used: Math.min(countable, amountOf(usage, each.unit))',
    replace: 'used: amountOf(usage, each.unit) + 0 * countable',
    tests: largestTests,
  },
  {
    name: 'late-usage-booked-short',
    guards: 'Late usage is booked as far as it can be counted.',
    file: 'src/kernel/decision/handle-permit.ts',
    find: '- (isPosted ? each.amount : 0);',
    replace: '- (isPosted ? 0 : 0);',
    tests: largestTests,
  },
  {
    name: 'lowered-bucket-gives-back-twice',
    guards:
      'A token bucket gives back no more than was taken of it, also where its limit was lowered.',
    file: 'src/kernel/decision/apply-decision.ts',
    find: 'Math.max(limit, record.limit);',
    replace: 'Math.min(Math.max(limit, record.limit), record.limit);',
    tests: ['test/engine/budget-plans.test.ts'],
  },
];
