/** Whoever engages a kill switch by hand learns whether it stops anything that the log has heard of. */
import { expect, test } from 'vitest';
import type { KillScope } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { guard } from '../../src/enforce/guard.ts';
import { prices } from '../enforce/models.ts';
import { codeOf, openShop, refund, staff } from './shop.ts';

const org = 'acme';
const plan = {
  id: 'month',
  unit: 'usd',
  limit: '10',
  scope: { kind: 'org', id: org },
  sharing: 'shared',
  window: 'unlimited',
} as const;

async function busy() {
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { prices });
  const { billing } = staff(plane);
  const session = await plane.openSession({ principal: billing, agent: 'bot' });
  await plane.setBudget({ org, plan });
  await plane.setBudget({
    org: 'planned',
    plan: { ...plan, scope: { kind: 'org', id: 'planned' } },
  });
  await plane.registerAgent({ org, name: 'own' });
  await plane.keys.issue({ principal: 'keyholder', org: 'keyed', roles: ['agent'] });
  return { fleet, plane, session };
}

test('a kill switch is told apart from one whose name nothing bears', async () => {
  const { fleet, plane, session } = await busy();
  // A process that has seen none of it happen knows as much.
  const later = await openShop(fleet());
  const known: readonly KillScope[] = [
    { kind: 'system' },
    { kind: 'org', org },
    { kind: 'org', org: 'keyed' },
    { kind: 'org', org: 'planned' },
    { kind: 'principal', org, id: 'service:billing' },
    { kind: 'principal', org: 'keyed', id: 'keyholder' },
    { kind: 'agent', org, name: 'bot' },
    { kind: 'agent', org, name: 'own' },
    { kind: 'session', org, id: session.id },
    { kind: 'tool', org, name: refund.name },
    { kind: 'action', org, name: refund.action },
    { kind: 'budget', org, name: 'month' },
    { kind: 'model', org, name: 'small' },
  ];
  const unknown: readonly KillScope[] = [
    { kind: 'org', org: 'acne' },
    { kind: 'principal', org, id: 'keyholder' },
    { kind: 'principal', org: 'keyed', id: 'service:billing' },
    { kind: 'agent', org, name: 'bott' },
    { kind: 'agent', org: 'zeta', name: 'own' },
    { kind: 'session', org: 'zeta', id: session.id },
    { kind: 'session', org, id: 'none' },
    { kind: 'tool', org, name: 'refnd' },
    { kind: 'action', org, name: 'order.refnd' },
    { kind: 'budget', org: 'zeta', name: 'month' },
    // By its catalogue's id alone is a model stopped.
    { kind: 'model', org, name: 'small-alias' },
  ];
  for (const each of [plane, later]) {
    expect(await filtered(known, (scope) => each.isKnown(scope))).toEqual(known);
    expect(await filtered(unknown, (scope) => each.isKnown(scope))).toEqual([]);
  }
  await Promise.all([plane.close(), later.close()]);
});

test('a principal whose sessions are over is still known by what it called', async () => {
  const { plane, session } = await busy();
  const idle = await plane.openSession({
    principal: plane.identity.assert({ id: 'idle', org, roles: ['agent'] }),
    agent: 'bot',
  });
  const asked = guard(session, refund)({ orderId: 'o-1', amount: '1' });
  expect(await codeOf(asked)).toBe('approval-required');
  await Promise.all([session.complete(), idle.complete()]);
  expect(await plane.isKnown({ kind: 'principal', org, id: 'service:billing' })).toBe(true);
  expect(await plane.isKnown({ kind: 'principal', org, id: 'idle' })).toBe(false);
  await plane.close();
});

test.each([
  { kind: 'agnt', org, name: 'bot' },
  { kind: 'system', org },
  { kind: 'org', org, name: 'bot' },
  { kind: 'session', org, id: 's-1', name: 'bot' },
  { kind: 'agent', org, name: 'bot', session: 's-1' },
  { kind: 'budget', org, name: 'plan', unit: 'usd' },
  { kind: 'model', org, name: 'gpt', agent: 'bot' },
])('of %j, which is no scope, no part is known, killed or released', async (each) => {
  const { plane } = await busy();
  const odd = each as unknown as KillScope;
  expect(await codeOf(plane.isKnown(odd))).toBe('input-invalid');
  expect(() => plane.killed(odd)).toThrow('the scope is not a kill scope');
  const order = { scope: odd, by: staff(plane).ops, reason: 'smoke' };
  expect(await codeOf(plane.kill(order))).toBe('input-invalid');
  expect(await codeOf(plane.release(order))).toBe('input-invalid');
  expect(plane.kills(org)).toEqual([]);
  await plane.close();
});

async function filtered<T>(all: readonly T[], holds: (each: T) => Promise<boolean>) {
  const answers = await Promise.all(all.map(holds));
  return all.filter((_, position) => answers[position]);
}
