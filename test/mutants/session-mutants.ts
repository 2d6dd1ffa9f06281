/** Mutants of sessions: hand-offs, screening, and what is opened below another. */
import type { Mutant } from './mutant.ts';

const session = (file: string): string => `src/kernel/session/${file}.ts`;
const ownTests = ['test/kernel/own-sessions.test.ts'];

export const sessionMutants: readonly Mutant[] = [
  {
    name: 'session-screened-by-auditors',
    guards: 'Whose roles no longer let work screen nothing in their own sessions.',
    file: session('handle-screening'),
    find: "if (!permits(view, command.by, 'use-session'))",
    replace: "if (!permits(view, command.by, 'use-session') && command.by.roles.length === 0)",
    tests: ownTests,
  },
  {
    name: 'session-facts-of-another-policy',
    guards: 'What guardrails of another policy found is nothing that was found of an input.',
    file: session('handle-screening'),
    find: 'return facts?.policyHash === active.hash ? facts.found : [];',
    replace: "return facts !== undefined && active.hash !== '' ? facts.found : [];",
    tests: ownTests,
  },
  {
    name: 'session-handed-off-by-auditors',
    guards: 'Whose roles no longer let work hand nothing off.',
    file: session('handle-handoff'),
    find: "if (!permits(view, by, 'use-session'))",
    replace: 'if (false)',
    tests: ownTests,
  },
  {
    name: 'session-handed-off-while-paused',
    guards: 'A session that is not active hands nothing off.',
    file: session('handle-handoff'),
    find: 'if (inactive !== undefined) return { rejection: inactive };',
    replace: '',
    tests: ownTests,
  },
  {
    name: 'session-handed-off-for-ever',
    guards: 'A hand-off ends within the limit.',
    file: session('handle-handoff'),
    find: 'if (isTime && expiresAt - now <= limits.handoffMsMax) return undefined;',
    replace: 'if (isTime) return undefined;',
    tests: ownTests,
  },
  {
    name: 'session-handed-off-to-no-name',
    guards: 'A hand-off is for an agent with a name.',
    file: session('handle-handoff'),
    find: "if (!isName(agent)) return 'the agent that it is for is not valid';",
    replace: '',
    tests: ownTests,
  },
  {
    name: 'session-own-terms-over-offered',
    guards: 'Whoever takes up a hand-off states no terms of its own.',
    file: session('handle-session'),
    find: 'if (parent !== undefined || delegation !== undefined) {',
    replace: 'if (parent !== undefined) {',
    tests: ownTests,
  },
  {
    name: 'session-own-parent-over-offered',
    guards: 'Whoever takes up a hand-off states no parent of its own.',
    file: session('handle-session'),
    find: 'if (parent !== undefined || delegation !== undefined) {',
    replace: 'if (delegation !== undefined) {',
    tests: ownTests,
  },
  {
    name: 'session-budget-unasked',
    guards: 'Whoever takes up a hand-off and asks for no budget has the one that was offered.',
    file: session('handle-session'),
    find: 'const wanted = new Map(slices);',
    replace: 'const wanted = new Map<string, number>();',
    tests: ownTests,
  },
  {
    name: 'session-replays-below-rehearsals',
    guards: 'Below a session that rehearses there is none in another mode.',
    file: session('handle-session'),
    find: "if (parent.mode !== 'live' && mode !== parent.mode) {",
    replace: "if (parent.mode !== 'live' && mode === 'live') {",
    tests: ownTests,
  },
  {
    name: 'session-ended-by-auditors',
    guards: 'Whose roles no longer let work do nothing with their own sessions.',
    file: session('handle-session'),
    find: "(isOwner(by, session) && permits(view, by, 'use-session') && transition !== 'resume');",
    replace: "(isOwner(by, session) && transition !== 'resume');",
    tests: ownTests,
  },
  {
    name: 'session-resumed-below-a-kill',
    guards: 'A session is not put to work while a kill switch covers whoever it works for.',
    file: session('handle-session'),
    find: 'engagedLatch(view, { ...session, session: session.id })',
    replace: 'engagedLatch(view, { ...session, session: session.id, lineage: undefined as never })',
    tests: ownTests,
  },
  {
    name: 'session-budget-of-the-nearest',
    guards:
      'A budget is no larger than that of any session above, also where the nearest has none.',
    file: session('handle-session'),
    find: 'clipped(view, command.budget, slice, above.ancestors ?? [])',
    replace: 'clipped(view, command.budget, slice, (above.ancestors ?? []).slice(0, 1))',
    tests: ownTests,
  },
];
