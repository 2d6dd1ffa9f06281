/** What a settlement may say, and what it cannot take away. */
import { expect, test } from 'vitest';
import { cast, Stage } from './stage.ts';

/** A call that runs, in a session with a budget for ten. */
function running() {
  const stage = Stage.ready();
  const session = stage.open({ budget: { actions: 10 } });
  const permit = stage.ask({ session, tool: 'read', args: { name: 'a' }, start: true });
  const posted = () => stage.get('budget', `session:${session}|actions`)?.posted;
  return { stage, session, permit, posted };
}

test.each([0, 1, 5])('a call that reports %d actions is one action all the same', (actions) => {
  const { stage, permit, posted } = running();
  expect(stage.settle(permit, { actions })).toBe('done');
  expect(posted()).toBe(1);
});

test('only the permit of a model call is settled with what a model said', () => {
  const { stage, permit, posted } = running();
  const settle = { kind: 'settle-permit', by: cast.ann, permit, outcome: 'succeeded' } as const;
  const model = { usage: { inputTokens: 1, outputTokens: 1 } };
  expect(stage.do({ ...settle, usage: {}, model })).toBe('model-missing');
  expect(posted()).toBe(0);
  expect(stage.settle(permit)).toBe('done');
});
