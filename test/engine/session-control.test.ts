/** An operator's hold on a session: asked for twice under one key, it happens once. */
import { expect, test } from 'vitest';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, staff } from './shop.ts';

test('a transition under a key that was used is answered as before, and without one is refused', async () => {
  const plane = await openShop(memoryFleet()());
  const { billing, ops } = staff(plane);
  const { id } = await plane.openSession({ principal: billing, agent: 'bot' });
  const pause = { session: id, transition: 'pause', by: ops, reason: 'odd' } as const;
  const first = await plane.control({ ...pause, idempotencyKey: 'ticket-7' });
  expect(first.status).toBe('paused');
  await plane.control({ ...pause, transition: 'resume' });
  // The caller did not hear of it and asks again: the session stays as it is by now.
  await plane.control({ ...pause, idempotencyKey: 'ticket-7' });
  const transitions: string[] = [];
  for await (const event of plane.events()) {
    if (event.type !== 'session-transitioned' || event.session !== id) continue;
    transitions.push((event.data as { readonly transition: string }).transition);
  }
  expect(transitions.filter((each) => each !== 'activate')).toEqual(['pause', 'resume']);
  await plane.control(pause);
  expect(await codeOf(plane.control(pause))).not.toBe('resolved');
  await plane.close();
});
