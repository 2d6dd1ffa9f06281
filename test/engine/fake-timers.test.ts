/** A host's tests put fake timers in place of the real ones: its governed calls go on all the same. */
import { afterEach, expect, test, vi } from 'vitest';
import { guard } from '../../src/index.ts';
import { openOneTool } from './one-tool.ts';

const callers = 40;

afterEach(() => {
  vi.useRealTimers();
});

test('many calls at once are decided and settled where timers are fake and never run', async () => {
  const declaration = { name: 'send', action: 'mail.send' };
  const { session } = await openOneTool({ tool: declaration });
  const send = guard(session, { ...declaration, execute: ({ to }: { to: number }) => to });
  const turns = countTurns();
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
  const calls = Promise.all(Array.from({ length: callers }, (_, to) => send({ to })));
  // With real time that never ends by itself: a fake timer would have hung it.
  const first = await Promise.race([calls, turns]);
  expect(first).toEqual(Array.from({ length: callers }, (_, to) => to));
});

/** Resolves after many turns of the real event loop. */
function countTurns(): Promise<'hung'> {
  const turn = globalThis.setImmediate;
  return new Promise((resolve) => {
    let left = 10_000;
    const next = (): void => {
      left -= 1;
      if (left === 0) resolve('hung');
      else turn(next);
    };
    turn(next);
  });
}
