/** Mutants of leases and of resource locks. */
import type { Mutant } from './mutant.ts';

const kernel = (file: string) => `src/kernel/${file}.ts`;
const leaseTests = ['test/kernel/leases.test.ts'];
const leaseProperties = ['test/kernel/leases.prop.test.ts'];
const lockTests = ['test/kernel/locks.test.ts'];
const engineTests = ['test/engine/leases.test.ts'];

export const leaseMutants: readonly Mutant[] = [
  {
    name: 'lease-release-forgotten',
    guards: 'A release that the store did not take is made by the next one.',
    file: 'src/engine/session/lease.ts',
    find: 'if (this.#ended && !this.#isOwed) return;',
    replace: 'if (this.#ended) return;',
    tests: engineTests,
  },
  {
    name: 'lease-refused-and-kept',
    guards: 'A worker whose heartbeat is refused hears that it has lost the lease.',
    file: 'src/engine/session/lease.ts',
    find: 'if (isRefusal(failure)) this.lose(failure.message);',
    replace: '',
    tests: engineTests,
  },
  {
    name: 'lease-term-unsaid',
    guards: 'A lease lasts as long as the policy says where its worker says nothing.',
    file: kernel('session/lease'),
    find: 'const wanted = asked ?? said ?? limits.leaseTermMs;',
    replace: 'const wanted = asked ?? limits.leaseTermMs;',
    tests: leaseTests,
  },
  {
    name: 'lease-not-checked-at-authorize',
    guards: 'A stale worker is allowed nothing.',
    file: kernel('decision/authorize-steps'),
    find: 'const lost = leaseRefusal(view, session, command.fence, now);',
    replace: 'const lost = command.fence === 0 ? leaseRefusal(view, session, 0, now) : undefined;',
    tests: leaseProperties,
  },
  {
    name: 'lease-not-checked-at-start',
    guards: 'A stale worker starts no permit.',
    file: kernel('decision/handle-permit'),
    find: 'if (lost !== undefined) return { rejection: lost };',
    replace: '',
    tests: leaseTests,
  },
  {
    name: 'lease-held-ignored',
    guards: 'A lease that is held is not taken over.',
    file: kernel('session/handle-lease'),
    find: 'if (isHeld(before, now) && before.owner !== command.owner) {',
    replace: 'if (isHeld(before, now) && before.owner === command.session) {',
    tests: leaseProperties,
  },
  {
    name: 'lease-without-end',
    guards: 'A lease whose time is over is not held.',
    file: kernel('session/lease'),
    find: "return lease?.status === 'active' && now < lease.expiresAt;",
    replace: "return lease?.status === 'active' && now < Number.MAX_SAFE_INTEGER;",
    tests: leaseTests,
  },
  {
    name: 'fence-stays',
    guards: 'A fence grows with each acquisition.',
    file: kernel('session/handle-lease'),
    find: 'fence: (before?.fence ?? 0) + 1,',
    replace: 'fence: Math.max(before?.fence ?? 0, 1),',
    tests: leaseTests,
  },
  {
    name: 'forged-token-renews',
    guards: 'Only the owner of a lease renews and releases it.',
    file: kernel('session/handle-lease'),
    find: 'const isOwn = lease?.owner === command.owner && lease.fence === command.fence;',
    replace: 'const isOwn = lease?.fence === command.fence;',
    tests: leaseTests,
  },
  {
    name: 'recovery-of-live-workers',
    guards: 'Recovery acts on expired leases only.',
    file: kernel('session/handle-lease'),
    find: "if (!canExpire || isHeld(lease, now)) return { rejection: reject('not-due') };",
    replace: "if (!canExpire) return { rejection: reject('not-due') };",
    tests: leaseTests,
  },
  {
    name: 'stuck-work-not-escalated',
    guards: 'What the policy says of stuck work is done.',
    file: kernel('session/handle-lease'),
    find: 'return { events: [expired, ...escalated(session, onStuck)], subject };',
    replace: 'return { events: [expired, ...escalated(session, onStuck).slice(9)], subject };',
    tests: leaseTests,
  },
  {
    name: 'expired-leases-not-loaded',
    guards: 'A process that opens the log later expires what ran out before.',
    file: 'src/engine/store/replica.ts',
    find: "{ kind: 'lease', live: true },",
    replace: '',
    tests: engineTests,
  },
  {
    name: 'loss-not-told',
    guards: 'A worker whose lease was taken over gets its signal.',
    file: 'src/engine/core/core.ts',
    find: 'this.leases.changed(lease);',
    replace: '',
    tests: engineTests,
  },
  {
    name: 'lock-not-checked',
    guards: 'No two permits of a locked action are open on a resource.',
    file: kernel('decision/lock'),
    find: "if (decision === '') return undefined;",
    replace: "if (decision !== '.') return undefined;",
    tests: lockTests,
  },
  {
    name: 'lock-not-freed',
    guards: 'A permit that is resolved frees its resource.',
    file: kernel('decision/lock'),
    find: "return [lockChange(decision, '')];",
    replace: 'return [lockChange(decision, decision.id)];',
    tests: lockTests,
  },
  {
    name: 'lock-across-orgs',
    guards: 'A lock of one org is none of another.',
    file: kernel('decision/lock'),
    find: 'return `${org}|${resource}`;',
    replace: 'return `${org.slice(9)}|${resource}`;',
    tests: lockTests,
  },
];
