/** How many permits may be open: of a session, and of a principal over all of its sessions. */
import { expect, test } from 'vitest';
import { limits } from '../../src/kernel/index.ts';
import { cast, Stage } from './stage.ts';

test('no session, and no principal in all of its sessions, has more open permits than it may', () => {
  const stage = Stage.ready();
  const open = () => stage.open({ budget: {} });
  const call = (session: string) => ({ session, tool: 'read', args: { name: 'a' } });
  const [first, second, third] = [open(), open(), open()];
  for (let count = 0; count < limits.permitsOpenMax; count += 1) stage.ask(call(first));
  expect(stage.authorize(call(first))).toBe('deny permits-open-limit');
  const rest = limits.permitsOpenPerPrincipalMax - limits.permitsOpenMax;
  let last = '';
  for (let count = 0; count < rest; count += 1) last = stage.ask(call(second));
  expect(stage.authorize(call(third))).toBe('deny permits-open-limit');
  expect(stage.authorize({ ...call(stage.open({ by: cast.bob, budget: {} })), by: cast.bob })).toBe(
    'allow',
  );
  expect(stage.void(last)).toBe('done');
  expect([stage.authorize(call(third)), stage.authorize(call(third))]).toEqual([
    'allow',
    'deny permits-open-limit',
  ]);
});
