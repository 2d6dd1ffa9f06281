/** Grants beside each other, and what is counted of them. */
import { expect, onTestFinished, test } from 'vitest';
import { bindTool, type GrantOrder } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from './shop.ts';

async function open(policy: object = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const plane = await openShop(memoryFleet()(), { clock, policy: { ...shopPolicy, ...policy } });
  onTestFinished(() => plane.close());
  const { billing: principal, ada: by } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const ask = (orderId: string, of = session) =>
    of.authorize({ tool: bindTool(refund), arguments: of.read({ orderId, amount: '1' }) });
  const grant = async (orderId: string, more: Partial<GrantOrder>) => {
    const { ticket = '' } = await ask(orderId);
    const expiresAt = new Date(clock.now() + 60_000);
    const order = { actions: ['order.refund'], uses: 5, expiresAt, ...more };
    return codeOf(plane.approve({ ticket, by, grant: order }));
  };
  return { plane, ask, grant };
}

test('the use of one grant is none of another that its holder has', async () => {
  const { plane, ask, grant } = await open();
  expect(await grant('a', { resources: ['order/a*'] })).toBe('resolved');
  expect(await grant('b', { resources: ['order/b*'], cost: { usd: '3' } })).toBe('resolved');
  expect((await ask('b-1')).outcome).toBe('allow');
  expect((await ask('b-2')).outcome).toBe('allow');
  const counted = plane
    .grants('acme')
    .map(({ used, spent, terms }) => [terms.resources, used, spent]);
  expect(counted).toEqual([
    [['order/a*'], 0, {}],
    [['order/b*'], 2, { actions: 2, usd: 2_000_000 }],
  ]);
});

test('a grant covers calls for which the same principals are named, and no others', async () => {
  const { plane, ask, grant } = await open({ approvals: { principals: ['user:ada', 'user:kim'] } });
  expect(await grant('a', {})).toBe('resolved');
  expect((await ask('a-1')).outcome).toBe('allow');
  const { root: by } = staff(plane);
  const approvals = { principals: ['user:kim'] };
  await plane.activatePolicy({ ...shopPolicy, version: 2, approvals }, by);
  expect((await ask('a-2')).outcome).toBe('require-approval');
});

test.each<[string, string]>([
  ['USD', 'input-invalid'],
  ['eur', 'grant-invalid'],
  ['constructor', 'grant-invalid'],
  ['usd', 'resolved'],
  ['tokens', 'resolved'],
])('a limit in %s, of calls that cost usd: %s', async (unit, code) => {
  const { grant } = await open();
  expect(await grant('a', { cost: { [unit]: '5' } })).toBe(code);
});
