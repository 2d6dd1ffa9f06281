/** Changes that the policy lets two principals make together, and none alone. */
import { expect, test } from 'vitest';
import { limits } from '../../src/kernel/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, shopPolicy } from './shop.ts';

async function open(...fourEyes: readonly string[]) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const plane = await openShop(memoryFleet()(), { clock, policy: { ...shopPolicy, fourEyes } });
  const admin = (id: string) =>
    plane.identity.assert({ id, org: 'acme', roles: ['admin', 'platform-admin'] });
  return { plane, clock, ann: admin('user:ann'), bob: admin('user:bob') };
}

const next = { ...shopPolicy, version: 2 };
const active = async (work: Promise<{ readonly version: number }>) => (await work).version;

test('a policy that asks for two is replaced by two who ask for exactly the same', async () => {
  const { plane, ann, bob } = await open('activate-policy');
  expect(await codeOf(plane.activatePolicy(next, ann))).toBe('second-principal-needed');
  expect(await codeOf(plane.activatePolicy(next, ann))).toBe('second-principal-needed');
  const other = { ...next, name: 'not what ann has seen' };
  expect(await codeOf(plane.activatePolicy(other, bob))).toBe('second-principal-needed');
  expect(await active(plane.activatePolicy(next, bob))).toBe(2);
  await plane.close();
});

test('the host’s configuration is one of the two, and not both', async () => {
  const { plane, ann } = await open('activate-policy');
  expect(await codeOf(plane.activatePolicy(next))).toBe('second-principal-needed');
  expect(await codeOf(plane.activatePolicy(next))).toBe('second-principal-needed');
  expect(await active(plane.activatePolicy(next, ann))).toBe(2);
  await plane.close();
});

test('whoever may not make the change alone confirms nothing', async () => {
  const { plane, ann } = await open('activate-policy');
  const ops = plane.identity.assert({ id: 'user:ops', org: 'acme', roles: ['operator', 'admin'] });
  expect(await codeOf(plane.activatePolicy(next, ann))).toBe('second-principal-needed');
  expect(await codeOf(plane.activatePolicy(next, ops))).toBe('permission-denied');
  await plane.close();
});

test('what was proposed with a key that was revoked since is confirmed by nobody', async () => {
  const { plane, ann, bob } = await open('activate-policy');
  const { id, key } = await plane.keys.issue({
    principal: 'user:eve',
    org: 'acme',
    roles: ['platform-admin'],
  });
  const eve = await plane.identity.authenticate(key);
  expect(await codeOf(plane.activatePolicy(next, eve))).toBe('second-principal-needed');
  await plane.keys.revoke({ key: id, reason: 'it was stolen' });
  expect(await codeOf(plane.activatePolicy(next, bob))).toBe('second-principal-needed');
  expect(await active(plane.activatePolicy(next, ann))).toBe(2);
  await plane.close();
});

test('a proposal is confirmed once, and only for so long', async () => {
  const { plane, clock, ann, bob } = await open('release-kill');
  const scope = { kind: 'org', org: 'acme' } as const;
  const release = (by: typeof ann) => codeOf(plane.release({ scope, by, reason: 'fixed' }));
  await plane.kill({ scope, by: ann, reason: 'odd' });
  expect(await release(ann)).toBe('second-principal-needed');
  clock.advance(limits.proposalMs);
  expect(await release(bob)).toBe('second-principal-needed');
  expect(await release(ann)).toBe('resolved');
  expect(plane.killed(scope)).toBe(false);
  await plane.kill({ scope, by: ann, reason: 'odd again' });
  // What bob proposed has been done: ann proposes anew.
  expect(await release(ann)).toBe('second-principal-needed');
  expect(plane.killed(scope)).toBe(true);
  await plane.close();
});

test('a budget is lowered by one and raised, or ended, by two', async () => {
  const { plane, ann, bob } = await open('raise-budget');
  const plan = {
    id: 'month',
    unit: 'usd',
    limit: '100',
    scope: { kind: 'org', id: 'acme' },
    sharing: 'shared',
    window: { every: 'month', zone: 'UTC' },
  } as const;
  const set = (by: typeof ann, limit: string) =>
    codeOf(plane.setBudget({ org: 'acme', plan: { ...plan, limit }, by }));
  expect(await set(ann, '100')).toBe('resolved');
  expect(await set(ann, '50')).toBe('resolved');
  expect(await set(ann, '51')).toBe('second-principal-needed');
  expect((await plane.budgets('acme')).map(({ plan: { limit } }) => limit)).toEqual([50_000_000]);
  expect(await set(bob, '51')).toBe('resolved');
  const patient = (by: typeof ann) =>
    codeOf(
      plane.setBudget({ org: 'acme', plan: { ...plan, limit: '9', onOverrun: 'continue' }, by }),
    );
  expect(await patient(ann)).toBe('second-principal-needed');
  const close = (by: typeof ann) => codeOf(plane.closeBudget({ org: 'acme', id: 'month', by }));
  expect(await close(bob)).toBe('second-principal-needed');
  expect(await close(ann)).toBe('resolved');
  await plane.close();
});

test('who proposed and who confirmed is in the log, with what was before', async () => {
  const { plane, ann, bob } = await open('activate-policy');
  await codeOf(plane.activatePolicy(next, ann));
  await plane.activatePolicy(next, bob);
  const told: unknown[] = [];
  for await (const { type, by, data } of plane.events()) {
    if (type.startsWith('change-')) told.push([type, by.id]);
    if ('document' in data) told.push([type, by.id, data.before?.version]);
  }
  expect(told.slice(1)).toEqual([
    ['change-proposed', 'user:ann'],
    ['policy-activated', 'user:bob', 1],
    ['change-confirmed', 'user:bob'],
  ]);
  await plane.close();
});

test('a release that was proposed before a new kill is confirmed by nobody', async () => {
  const { plane, ann, bob } = await open('release-kill');
  const scope = { kind: 'org', org: 'acme' } as const;
  const release = (by: typeof ann) => codeOf(plane.release({ scope, by, reason: 'fixed' }));
  await plane.kill({ scope, by: ann, reason: 'odd' });
  expect(await release(ann)).toBe('second-principal-needed');
  await plane.kill({ scope, by: ann, reason: 'something else, and worse' });
  expect(await release(bob)).toBe('second-principal-needed');
  expect(plane.killed(scope)).toBe(true);
  expect(await release(ann)).toBe('resolved');
  await plane.close();
});

test('a keyed release that waited for a second principal is asked for anew with the same key', async () => {
  const { plane, clock, ann, bob } = await open('release-kill');
  const scope = { kind: 'org', org: 'acme' } as const;
  const release = (by: typeof ann) =>
    codeOf(plane.release({ scope, by, reason: 'fixed', idempotencyKey: 'r-1' }));
  await plane.kill({ scope, by: ann, reason: 'odd' });
  expect(await release(ann)).toBe('second-principal-needed');
  clock.advance(limits.proposalMs);
  expect(await release(ann)).toBe('second-principal-needed');
  expect(await release(bob)).toBe('resolved');
  await plane.close();
});
