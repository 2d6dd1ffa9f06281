/** Scopes of the kill switch as texts: read strictly, and written as they are read. */
import { expect, test } from 'vitest';
import { isKillScope, latchKey } from '../kernel/index.ts';
import { killScopeText, readKillScope } from './kill-scope-text.ts';

test.each([
  'system',
  'org:acme',
  'principal:acme/user:olga',
  'agent:acme/bot',
  'session:acme/0199-a',
  'action:acme/order.refund',
  'tool:acme/refund',
  'model:*/openai/gpt-4o',
])('%s names a scope, and its latch is written the same', (text) => {
  const scope = readKillScope(text);
  expect(isKillScope(scope)).toBe(true);
  expect(killScopeText(latchKey(scope))).toBe(text);
});

test.each([
  '',
  'System',
  'system:',
  'org:',
  'org:a/b',
  'tool:/x',
  'tool:acme/',
  'team:acme/x',
  'toString:a/b',
  'org:*',
])('`%s` names none', (text) => {
  expect(() => readKillScope(text)).toThrow('is no scope of the kill switch');
});
