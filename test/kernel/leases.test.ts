/** Leases of sessions: who holds one, what a fence lets start, and what follows when a holder falls silent. */
import { expect, test } from 'vitest';
import type { PolicyDocument } from '../../src/kernel/index.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const call = { tool: 'read', args: { name: 'a' } } as const;
const termMs = 30_000;

/** A session whose lease the worker `a` holds under fence 1. */
function leased(leases?: PolicyDocument['leases']) {
  const stage = leases === undefined ? Stage.ready() : Stage.ready(policyDocument(1, { leases }));
  const session = stage.open();
  expect(stage.acquire(session, 'a')).toBe('done');
  return { stage, session };
}

/** Types of the last entries. */
function lastTypes(stage: Stage, count: number): readonly string[] {
  return stage.log.slice(-count).map(({ event }) => event.type);
}

test('a session that never had a lease works without a fence, and with none that was made up', () => {
  const stage = Stage.ready();
  const session = stage.open();
  expect(stage.authorize({ session, ...call })).toBe('allow');
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('deny lease-lost');
});

test('while a lease is held, only its fence lets anything start', () => {
  const { stage, session } = leased();
  expect(stage.authorize({ session, ...call })).toBe('deny lease-lost');
  expect(stage.authorize({ session, ...call, fence: 2 })).toBe('deny lease-lost');
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('allow');
});

test('a permit that was issued under a lease starts only under the fence that holds then', () => {
  const { stage, session } = leased();
  const permit = stage.ask({ session, ...call, fence: 1 });
  expect(stage.start(permit)).toBe('lease-lost');
  const start = { kind: 'start-permit', by: cast.ann, permit } as const;
  stage.now += termMs;
  expect(stage.do({ ...start, fence: 1 })).toBe('lease-lost');
  expect(stage.acquire(session, 'b')).toBe('done');
  expect(stage.do({ ...start, fence: 1 })).toBe('lease-lost');
  expect(stage.do({ ...start, fence: 2 })).toBe('done');
});

test('what has run is settled whatever became of the lease', () => {
  const { stage, session } = leased();
  const permit = stage.ask({ session, ...call, fence: 1, start: true });
  stage.now += termMs;
  stage.acquire(session, 'b');
  expect(stage.settle(permit)).toBe('done');
});

test('another worker does not get a lease that is held; the same one gets the next fence', () => {
  const { stage, session } = leased();
  expect(stage.acquire(session, 'b')).toBe('lease-held');
  expect(stage.acquire(session, 'a')).toBe('done');
  expect(stage.get('lease', session)).toMatchObject({ owner: 'a', fence: 2, status: 'active' });
});

test('a lease whose time is over is taken over, and the stale worker can neither act nor renew', () => {
  const { stage, session } = leased();
  stage.now += termMs - 1;
  expect(stage.acquire(session, 'b')).toBe('lease-held');
  stage.now += 1;
  expect(stage.acquire(session, 'b')).toBe('done');
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('deny lease-lost');
  expect(stage.hold('renew', session, { owner: 'a', fence: 1 })).toBe('lease-lost');
  expect(stage.hold('release', session, { owner: 'a', fence: 1 })).toBe('lease-lost');
  expect(stage.authorize({ session, ...call, fence: 2 })).toBe('allow');
});

test('a lease that ran out lets nothing start until somebody takes it again', () => {
  const { stage, session } = leased({ onStuck: 'alert' });
  stage.now += termMs;
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('deny lease-lost');
  expect(stage.authorize({ session, ...call })).toBe('deny lease-lost');
  expect(stage.expireLease(session)).toBe('done');
  expect(stage.authorize({ session, ...call })).toBe('deny lease-lost');
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('deny lease-lost');
  expect(stage.acquire(session, 'b')).toBe('done');
  expect(stage.authorize({ session, ...call, fence: 2 })).toBe('allow');
});

test('a lease that was released asks for no fence, and takes none of before', () => {
  const { stage, session } = leased();
  expect(stage.hold('release', session, { owner: 'a', fence: 1 })).toBe('done');
  expect(stage.authorize({ session, ...call, fence: 1 })).toBe('deny lease-lost');
  expect(stage.authorize({ session, ...call })).toBe('allow');
  expect(stage.hold('release', session, { owner: 'a', fence: 1 })).toBe('lease-lost');
});

test.each([
  ['a forged token', { owner: 'forged', fence: 1 }, 'lease-lost'],
  ['a forged fence', { owner: 'a', fence: 2 }, 'lease-lost'],
  ['another principal with the token', { owner: 'a', fence: 1, by: cast.bob }, 'session-unknown'],
  ['the same id in another org', { owner: 'a', fence: 1, by: cast.otherAnn }, 'session-unknown'],
  ['an operator', { owner: 'a', fence: 1, by: cast.olga }, 'session-unknown'],
  ['an auditor', { owner: 'a', fence: 1, by: cast.vera }, 'permission-denied'],
])('%s neither renews nor releases a lease', (_, who, code) => {
  const { stage, session } = leased();
  stage.now += termMs / 2;
  const before = stage.get('lease', session);
  expect(stage.hold('renew', session, who)).toBe(code);
  expect(stage.hold('release', session, who)).toBe(code);
  expect(stage.get('lease', session)).toEqual(before);
});

test('nobody takes the lease of another’s session, or of one that is not active', () => {
  const stage = Stage.ready();
  const session = stage.open();
  expect(stage.acquire(session, 'b', { by: cast.bob })).toBe('session-unknown');
  expect(stage.acquire(session, 'b', { by: cast.vera })).toBe('permission-denied');
  stage.transition(session, 'pause', cast.olga);
  expect(stage.acquire(session, 'a')).toBe('session-not-active');
});

test('a heartbeat moves the end; one that comes early writes nothing; one that comes late is refused', () => {
  const { stage, session } = leased();
  const [from, size] = [stage.now, stage.log.length];
  const renew = () => stage.hold('renew', session, { owner: 'a', fence: 1 });
  stage.now += termMs / 4 - 1;
  expect(renew()).toBe('done');
  expect(stage.log).toHaveLength(size);
  stage.now = from + termMs / 3;
  expect(renew()).toBe('done');
  expect(stage.log).toHaveLength(size + 1);
  expect(stage.get('lease', session)?.expiresAt).toBe(from + termMs / 3 + termMs);
  stage.now += termMs;
  expect(renew()).toBe('lease-lost');
});

test('recovery acts on expired leases only, and is the system’s', () => {
  const { stage, session } = leased();
  stage.now += termMs - 1;
  expect(stage.expireLease(session)).toBe('not-due');
  expect(stage.get('lease', session)?.status).toBe('active');
  stage.now += 1;
  expect(stage.expireLease(session, cast.ada)).toBe('permission-denied');
  expect(stage.expireLease(session)).toBe('done');
  expect(stage.expireLease(session)).toBe('not-due');
  expect(stage.expireLease('nowhere')).toBe('session-unknown');
});

test('a holder that renews is never taken for stuck, however long it works', () => {
  const { stage, session } = leased({ onStuck: 'abort' });
  for (let beat = 0; beat < 50; beat += 1) {
    stage.now += termMs / 3;
    expect(stage.hold('renew', session, { owner: 'a', fence: 1 })).toBe('done');
    expect(stage.expireLease(session)).toBe('not-due');
  }
  expect(stage.get('session', session)?.status).toBe('active');
});

test.each([
  [undefined, 'paused', ['lease-expired', 'session-transitioned']],
  ['pause', 'paused', ['lease-expired', 'session-transitioned']],
  ['alert', 'active', ['ticket-requested', 'lease-expired']],
  ['abort', 'aborted', ['session-transitioned', 'ticket-cancelled']],
] as const)(
  'stuck work is escalated by policy: %s leaves the session %s',
  (onStuck, status, types) => {
    const { stage, session } = leased(onStuck === undefined ? undefined : { onStuck });
    stage.authorize({ session, tool: 'restart', args: { host: 'h' }, fence: 1 });
    stage.now += termMs;
    expect(stage.expireLease(session)).toBe('done');
    expect(stage.get('session', session)?.status).toBe(status);
    expect(lastTypes(stage, 2)).toEqual(types);
    stage.assertFoldsToItself();
  },
);

test('of a session that is paused already, only the lease ends', () => {
  const { stage, session } = leased();
  stage.transition(session, 'pause', cast.olga);
  stage.now += termMs;
  expect(stage.expireLease(session)).toBe('done');
  expect(lastTypes(stage, 1)).toEqual(['lease-expired']);
});

test('a session that ends gives its lease back, and nothing expires later', () => {
  const { stage, session } = leased({ onStuck: 'abort' });
  stage.transition(session, 'complete', cast.ann);
  expect(stage.get('lease', session)?.status).toBe('released');
  stage.now += termMs;
  expect(stage.expireLease(session)).toBe('not-due');
});

test.each([
  [{}, undefined, 30_000],
  [{}, 2_000, 2_000],
  [{ termMs: 5_000 }, undefined, 5_000],
  [{ termMs: 60_000 }, undefined, 60_000],
  [{ termMs: 5_000 }, 60_000, 5_000],
  [{ termMs: 5_000 }, 2_000, 2_000],
  [{}, 1, 1_000],
  [{}, 1e12, 86_400_000],
] as const)('under the policy %j a lease of %s ms lasts %s ms', (leases, asked, lasts) => {
  const stage = Stage.ready(policyDocument(1, { leases: { onStuck: 'pause', ...leases } }));
  const session = stage.open();
  stage.acquire(session, 'a', asked === undefined ? {} : { termMs: asked });
  expect(stage.get('lease', session)?.expiresAt).toBe(stage.now + lasts);
});

test('a call that is sent again by the next holder gets its first answer', () => {
  const { stage, session } = leased();
  const keyed = { session, ...call, key: 'k' };
  stage.authorize({ ...keyed, fence: 1 });
  stage.now += termMs;
  stage.acquire(session, 'b');
  expect(stage.authorize({ ...keyed, fence: 2 })).not.toBe('idempotency-mismatch');
  expect(stage.all('decision')).toHaveLength(1);
});

test('no owner’s proof and no token is in what a refusal records', () => {
  const { stage, session } = leased();
  stage.acquire(session, 'secret-hash');
  expect(JSON.stringify(stage.log.at(-1)?.event)).not.toContain('secret-hash');
});
