/** Tools whose code runs as somebody asks for its values: none of it runs once the call is over, or stopped. */
import { tool } from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { declareTools, governTools } from '../../src/enforce/adapters/ai-sdk.ts';
import { guard, memory } from '../../src/index.ts';
import { codeOf, entryTypes, openShop, pay, staff } from '../engine/shop.ts';
import { eventsOf, openWorld } from './scripted-loop.ts';

type Execute = (typeof pay)['execute'];

async function stage(execute: unknown) {
  const plane = await openShop(memory());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  return { plane, session, paying: { ...pay, execute: execute as Execute } };
}

test.each([
  ['a generator', function* later() {}],
  ['an async generator', async function* later() {}],
])(
  '%s is refused where it is guarded: its code would run once its call is over',
  async (_, code) => {
    const { plane, session, paying } = await stage(code);
    expect(() => guard(session, paying)).toThrow(
      expect.objectContaining({ code: 'tool-ungovernable' }),
    );
    await plane.close();
  },
);

test.each([
  [
    'a generator',
    (ran: string[]) =>
      (function* later() {
        yield ran.push('late');
      })(),
  ],
  [
    'an async generator',
    (ran: string[]) =>
      (async function* later() {
        yield ran.push('late');
      })(),
  ],
])(
  '%s that a tool gives back is a failure: nobody gets at what would run later',
  async (_, make) => {
    const ran: string[] = [];
    const { plane, session, paying } = await stage(async () => make(ran));
    expect(await codeOf(guard(session, paying)({ orderId: 'o-1', amount: '3' }))).toBe(
      'tool-ungovernable',
    );
    expect(ran).toEqual([]);
    expect((await eventsOf(plane, 'permit-settled'))[0]?.data).toMatchObject({ outcome: 'failed' });
    expect((await entryTypes(plane)).at(-1)).toBe('permit-settled');
    await plane.close();
  },
);

test('a tool of the AI SDK that streams is not asked for more once it was stopped', async () => {
  const steps: string[] = [];
  const { promise: asked, resolve: goOn } = Promise.withResolvers<void>();
  const wipe = tool({
    inputSchema: z.object({}),
    async *execute() {
      try {
        steps.push('first');
        yield 1;
        steps.push('second');
        await asked;
        yield 2;
        steps.push('third');
      } finally {
        steps.push('tidied');
      }
    },
  });
  const declarations = { wipe: { action: 'disk.wipe' } };
  const policy = {
    format: 1,
    version: 1,
    actions: { 'disk.wipe': {} },
    tiers: { unrestricted: ['disk.wipe'] },
  };
  const {
    plane,
    session,
    operator: by,
  } = await openWorld(policy, await declareTools({ wipe }, declarations));
  const governed = await governTools(session, { wipe }, declarations);
  const call = { toolCallId: '1', messages: [], context: {} };
  const called = codeOf(Promise.resolve(governed.wipe.execute?.({}, call)));
  await expect.poll(() => steps).toEqual(['first', 'second']);
  await plane.kill({ scope: { kind: 'org', org: 'acme' }, by, reason: 'a test' });
  goOn();
  expect(await called).toBe('killed');
  expect(steps).toEqual(['first', 'second', 'tidied']);
  expect((await eventsOf(plane, 'permit-settled'))[0]?.data).toMatchObject({ outcome: 'unknown' });
  await plane.close();
});
