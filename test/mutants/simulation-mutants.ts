/**
 * Mutants that the simulation has to notice, so that what its models demand of leases, locks, operators,
 * proposals, tickets and kill switches is demanded of the whole library, under faults.
 */
import type { Mutant } from './mutant.ts';

const kernel = (file: string) => `src/kernel/${file}.ts`;
const tests = ['test/simulation/simulation.test.ts'];

export const simulationMutants: readonly Mutant[] = [
  {
    name: 'simulated-stale-fence',
    guards: 'Whoever drove a session before starts nothing in it.',
    file: kernel('lease'),
    find: 'if (isHeld(lease, now) ? fence === lease.fence : isFree(lease) && fence === undefined) {',
    replace:
      'if (isHeld(lease, now) ? fence !== undefined : isFree(lease) && fence === undefined) {',
    tests,
  },
  {
    name: 'simulated-unfenced',
    guards: 'While somebody drives a session, nobody starts anything without a fence.',
    file: kernel('lease'),
    find: 'if (isHeld(lease, now) ? fence === lease.fence : isFree(lease) && fence === undefined) {',
    replace: 'if (isHeld(lease, now) ? (fence ?? lease.fence) === lease.fence : isFree(lease)) {',
    tests,
  },
  {
    name: 'simulated-stuck-work',
    guards: 'What becomes of stuck work is the policy’s to say.',
    file: kernel('handle-lease'),
    find: "const onStuck = view.get('policy', 'active')?.document.leases?.onStuck ?? 'pause';",
    replace: "const onStuck = view.get('policy', 'active') === undefined ? 'pause' : 'alert';",
    tests,
  },
  {
    name: 'simulated-lease-outlives-session',
    guards: 'Whoever ends a session ends its lease.',
    file: kernel('handle-session'),
    find: '...(isTerminal(status) ? leaseEnded(view, session) : []),',
    replace: '...(isTerminal(status) ? leaseEnded(view, session).slice(9) : []),',
    tests,
  },
  {
    name: 'simulated-endless-lease',
    guards: 'No lease lasts longer than the policy says.',
    file: kernel('lease'),
    find: 'return Math.max(limits.leaseTermMsMin, Math.min(wanted, said ?? limits.leaseTermMsMax));',
    replace: 'return Math.max(limits.leaseTermMsMin, Math.min(wanted, limits.leaseTermMsMax));',
    tests,
  },
  {
    name: 'simulated-no-lock',
    guards: 'An allow of a locked action takes the lock of its resource.',
    file: kernel('authorize'),
    find: '...(runs && draft.isLocked ? { lock: true } : {}),',
    replace: '...(runs && draft.isLocked && session.hadTickets ? { lock: true } : {}),',
    tests,
  },
  {
    name: 'simulated-absence',
    guards: 'Nothing goes on in an org without an operator.',
    file: kernel('authorize-steps'),
    find: "return absent === undefined ? undefined : { step: 'kill', rejection: absent };",
    replace: "return absent === null ? { step: 'kill', rejection: absent } : undefined;",
    tests,
  },
  {
    name: 'simulated-presence',
    guards:
      'An org has the whole time from the activation of the policy on for its first heartbeat.',
    file: kernel('heartbeat'),
    find: "return Math.max(last, view.get('policy', 'active')?.activatedAt ?? 0) + ms;",
    replace: 'return last + ms;',
    tests,
  },
  {
    name: 'simulated-two-eyes',
    guards: 'Nobody confirms what they proposed.',
    file: kernel('four-eyes'),
    find: 'if (samePrincipal(command.by, { org: proposal.org, id: proposal.proposedBy })) {',
    replace: 'if (samePrincipal(command.by, { org: proposal.org, id: proposal.change })) {',
    tests,
  },
  {
    name: 'simulated-one-alone',
    guards: 'What takes two principals is made by nobody alone.',
    file: kernel('four-eyes'),
    find: 'if (!compilePolicy(policy.document).fourEyes.has(subject)) return result;',
    replace: "if (subject !== 'activate-policy') return result;",
    tests,
  },
  {
    name: 'simulated-probation',
    guards: 'No grant answers for what is on probation.',
    file: kernel('authorize'),
    find: 'const asking = supervision(view, draft) ?? asked;',
    replace: "const asking = session.mode === 'live' ? asked : supervision(view, draft);",
    tests,
  },
  {
    name: 'simulated-escalations',
    guards: 'A ticket is escalated once.',
    file: kernel('remind-ticket'),
    find: 'escalation === undefined || escalated === true',
    replace: 'escalation === undefined || escalated === null',
    tests,
  },
  {
    name: 'simulated-killed-plan',
    guards: 'A kill switch on a budget plan covers the calls that it counts.',
    file: kernel('latch'),
    find: "for (const plan of subject.plans ?? []) keys.push(`budget|${plan.replace('/', '|')}`);",
    replace: '',
    tests,
  },
  {
    name: 'simulated-killed-line',
    guards: 'What kills a session kills those that work for it.',
    file: kernel('latch'),
    find: 'for (const each of subject.ancestors ?? []) keys.push(`session|${subject.org}|${each}`);',
    replace: '',
    tests,
  },
  {
    name: 'simulated-grant-effects',
    guards: 'The control plane revokes no grant that no kill switch covers whole.',
    file: kernel('handle-grant'),
    find: 'return engagedAfter(view, grant.index, { ...holder, session }) !== undefined;',
    replace: 'return engagedAfter(view, grant.index, { ...holder, session }) !== null;',
    tests,
  },
  {
    name: 'append-in-doubt-decided-again',
    guards: 'What was in doubt and is in the log by now is not decided again.',
    file: 'src/engine/sequencer.ts',
    find: 'if (landed !== undefined) return landed;',
    replace: '',
    tests: ['test/engine/store-trouble.test.ts'],
  },
];
