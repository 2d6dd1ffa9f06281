/** Mutants of what stops agents and asks people: kill switches, probation, heartbeats, escalation, readers. */
import type { Mutant } from './mutant.ts';

const kernel = (file: string) => `src/kernel/${file}.ts`;
const engine = (name: string): string => `src/engine/${name}.ts`;
const switchTests = ['test/engine/dead-mans-switch.test.ts'];
const escalationTests = ['test/engine/escalation.test.ts'];
const effectTests = ['test/engine/kill-effects.test.ts'];
const readerTests = ['test/attack/readers.test.ts'];

export const stopMutants: readonly Mutant[] = [
  {
    name: 'escalated-at-once',
    guards: 'Others decide a ticket once nobody has for as long as the policy says.',
    file: kernel('handle-ticket'),
    find: 'if (escalation === undefined || now < escalation.at) return false;',
    replace: 'if (escalation === undefined) return false;',
    tests: escalationTests,
  },
  {
    name: 'escalated-grants',
    guards: 'Whom a ticket was escalated to decides the one call.',
    file: kernel('approve-ticket'),
    find: 'if (!isAsked(by, ticket.approverRoles, ticket.approverPrincipals)) {',
    replace: 'if (isAsked === undefined) {',
    tests: escalationTests,
  },
  {
    name: 'reminded-for-ever',
    guards: 'Nobody is reminded of a ticket that is decided.',
    file: kernel('remind-ticket'),
    find: "if (ticket.status !== 'pending') return undefined;",
    replace: '',
    tests: escalationTests,
  },
  {
    name: 'process-ends-while-it-waits',
    guards: 'A process that waits for an approver, and does nothing else, is not ended.',
    file: engine('tickets'),
    find: 'const rest = stayAlive();',
    replace: 'const rest = (): void => {};',
    tests: ['test/cli/tickets.test.ts'],
  },
  {
    name: 'probation-unasked',
    guards: 'What a kill switch on probation covers is put to an approver.',
    file: kernel('authorize'),
    find: 'const asking = supervision(view, draft) ?? asked;',
    replace: 'const asking = supervision === undefined ? undefined : asked;',
    tests: switchTests,
  },
  {
    name: 'operator-never-missed',
    guards: 'Without a sign of an operator an org stands still.',
    file: kernel('heartbeat'),
    find: 'if (ms === undefined || now < presentUntil(view, org, ms)) return undefined;',
    replace: 'if (ms === undefined || now < Number.MAX_VALUE) return undefined;',
    tests: ['test/kernel/heartbeat.prop.test.ts'],
  },
  {
    name: 'probation-twice',
    guards: 'A kill switch is on probation only once it was engaged.',
    file: kernel('latch-states'),
    find: "supervised: { kill: 'engaged', release: 'released' },",
    replace: "supervised: { kill: 'engaged', release: 'released', supervise: 'supervised' },",
    tests: switchTests,
  },
  {
    name: 'lapse-without-kill',
    guards: 'A heartbeat that lapses engages the kill switch of its org.',
    file: kernel('heartbeat'),
    find: "{ type: 'kill-engaged', data: { scope: { kind: 'org', org } } },",
    replace: '',
    tests: switchTests,
  },
  {
    name: 'questions-without-end',
    guards: 'An agent leaves no more tickets pending than its limit.',
    file: kernel('ticket-use'),
    find: 'return pending >= ticketsPendingPerAgentMax;',
    replace: 'return pending > ticketsPendingPerAgentMax + 1_000_000;',
    tests: ['test/kernel/pending-tickets.test.ts'],
  },
  {
    name: 'system-cancels-anything',
    guards: 'The control plane cancels no ticket that no kill switch covers.',
    file: kernel('handle-ticket'),
    find: 'const may = isSystem(by) ? isKilled(view, ticket) : ',
    replace: 'const may = isSystem(by) ? isKilled !== undefined : ',
    tests: ['test/kernel/differential.test.ts'],
  },
  {
    name: 'killed-plans-go-on',
    guards: 'A kill switch on a budget plan covers the calls that it counts.',
    file: kernel('authorize-steps'),
    find: '...(plans.length === 0 ? {} : { plans }),',
    replace: '',
    tests: effectTests,
  },
  {
    name: 'kills-unrecorded',
    guards: 'What a kill switch makes void is in the log, one by one.',
    file: engine('core'),
    find: 'for (const effect of killEffects(cache)) void this.#submitEffect(effect);',
    replace: 'killEffects(cache);',
    tests: effectTests,
  },
  {
    name: 'readers-of-every-org',
    guards: 'A reader sees its own org and no other.',
    file: engine('reader'),
    find: 'return org === by.org && (principal === by.id || this.#readsOrg(by));',
    replace: 'return org !== "" && (principal === by.id || this.#readsOrg(by));',
    tests: readerTests,
  },
  {
    name: 'readers-with-revoked-keys',
    guards: 'Nobody reads with a key that was revoked.',
    file: engine('core'),
    find: 'if (refusal !== undefined) throw rejected(refusal);',
    replace: 'if (refusal === null) throw rejected(refusal);',
    tests: readerTests,
  },
  {
    name: 'card-of-the-call-before-its-edit',
    guards: 'The card of an edited call shows the edited arguments.',
    file: engine('ticket-card'),
    find: 'const index = ticket.edited?.index ?? decision.index;',
    replace: 'const { index } = decision;',
    tests: ['test/engine/edited-calls.test.ts'],
  },
];
