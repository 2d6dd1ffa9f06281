/** A kill that is asked for while a call is being committed, and that the store then does not take. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { memory } from '../../src/index.ts';
import { type Fault, FakeClock, FaultyStorage } from '../../src/testing/index.ts';
import { codeOf, openShop, read, staff } from './shop.ts';

test('what is admitted before a kill that is not written is stopped in this process all the same', async () => {
  const clock = new FakeClock();
  const faults: Fault[] = [];
  const plan = {
    next: (call: string): Fault =>
      (call === 'append' ? faults.shift() : undefined) ?? { kind: 'none' },
  };
  const plane = await openShop(new FaultyStorage(memory(), plan, clock), { clock });
  const { billing: principal, ops: by } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot' });
  // The call is taken, slowly; the kill that waits behind it is not.
  faults.push({ kind: 'none', beforeMs: 100 }, { kind: 'refused', code: 'unavailable' });
  const read1 = session.read({ orderId: 'o-1' });
  const authorized = session.authorize({ tool: bindTool(read), arguments: read1 });
  const turn = () => new Promise((resolve) => void setImmediate(resolve));
  await turn();
  const scope = { kind: 'org', org: 'acme' } as const;
  const killed = codeOf(plane.kill({ scope, by, reason: 'smoke' }));
  await turn();
  clock.advance(100);
  expect(await killed).toBe('kill-local-only');
  const { permit } = await authorized;
  expect(permit?.signal.aborted).toBe(true);
  await plane.close();
});

test('a call that is allowed in one commit with the abort of its session is stopped', async () => {
  const plane = await openShop(memory());
  const { billing: principal } = staff(plane);
  const above = await plane.openSession({ principal, agent: 'bot' });
  const options = { principal, agent: 'other-bot', parent: above.id };
  const session = await plane.openSession(options);
  const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
  const [{ permit, outcome }] = await Promise.all([session.authorize(request), above.abort()]);
  expect([outcome, permit?.signal.aborted]).toEqual(['allow', true]);
  await plane.close();
});
