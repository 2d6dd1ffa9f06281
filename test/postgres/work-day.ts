/** A day of the shop, in which each part of a store has something to do. */
import { expect } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { bindTool, type ControlPlaneOptions } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { openShop, read, refund, staff } from '../engine/shop.ts';

/** Decisions, an approval, a key and a kill, of two orgs. */
export async function workDay(
  store: Storage,
  options: Partial<ControlPlaneOptions> = {},
): Promise<void> {
  const plane = await openShop(store, options);
  const { billing, ada, root, ops } = staff(plane);
  const elsewhere = plane.identity.assert({ id: 'service:x', org: 'globex', roles: ['agent'] });
  for (const principal of [billing, elsewhere]) {
    const session = await plane.openSession({ principal, agent: 'bot', budget: { actions: 5 } });
    await guard(session, read)({ orderId: 'o-1' });
  }
  const session = await plane.openSession({ principal: billing, agent: 'bot' });
  const asking = { orderId: 'o-1', amount: '1' };
  const { ticket = '' } = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read(asking),
  });
  await plane.approve({ ticket, by: ada });
  expect(await guard(session, refund)(asking)).toEqual({ refunded: '1' });
  await plane.keys.issue({ principal: 'service:billing', roles: ['agent'], by: root });
  await plane.kill({ scope: { kind: 'agent', org: 'acme', name: 'bot' }, by: ops, reason: 'done' });
  await plane.close();
}
