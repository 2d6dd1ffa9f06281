import { expect, test } from 'vitest';
import { Stage } from './stage.ts';

test('smoke', () => {
  const stage = Stage.ready();
  const session = stage.open();
  expect(stage.authorize({ session, tool: 'read', args: { name: 'a' } })).toBe('allow');
  expect(stage.authorize({ session, tool: 'pay', args: { to: 'x', amount: '60' } })).toBe('require-approval');
  stage.assertFoldsToItself();
});
