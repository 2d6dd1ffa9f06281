/** Globs, and that none can be made to backtrack. */
import { expect, test } from 'vitest';
import { compileGlob, compileGlobs, isGlob } from './glob.ts';

test.each([
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'ab', false],
  ['*', '', true],
  ['*', 'abc', true],
  ['*', 'a/b', false],
  ['**', 'a/b/c', true],
  ['**', '', true],
  ['a*', 'a', true],
  ['a*c', 'abbbc', true],
  ['a*c', 'a/c', false],
  ['a**c', 'a/b/c', true],
  ['a***c', 'a/b/c', true],
  ['a/**', 'a/', true],
  ['a/**', 'a', false],
  ['**/c', 'c', false],
  ['**/c', 'a/b/c', true],
  ['?', 'a', true],
  ['?', '', false],
  ['?', '/', false],
  ['?', '\u{1f600}', true],
  ['a?c', 'abc', true],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['[ab]', '[ab]', true],
  ['a+', 'aa', false],
  ['(a|b)', 'a', false],
  ['\\*', '\\abc', true],
  ['*a*b*', 'xxaxxbxx', true],
  ['*a*b*', 'xxbxxaxx', false],
  ['file/*', 'file/a\nb', true],
  ['ab*ba', 'aba', false],
  ['a*/c', 'a/c', true],
  ['a*/c', 'a/b/c', false],
  ['a/*', 'a/b/c', false],
  ['?a', 'xa\udc00', false],
] as const)('`%s` on `%s`: %s', (pattern, text, expected) => {
  expect(compileGlob(pattern)(text)).toBe(expected);
});

test('one of several patterns has to match; without patterns all matches', () => {
  expect(compileGlobs(['a', 'b*'])('bc')).toBe(true);
  expect(compileGlobs(['a', 'b*'])('c')).toBe(false);
  expect(compileGlobs(undefined)('anything')).toBe(true);
  expect(compileGlobs([])('anything')).toBe(false);
});

test.each([
  ['a*', true],
  ['', false],
  ['a b', false],
  ['a\n', false],
  ['caf\u00e9', false],
  ['x'.repeat(1_024), true],
  ['x'.repeat(1_025), false],
  [5, false],
  [['a'], false],
])('whether %j is a pattern: %s', (value, expected) => {
  expect(isGlob(value)).toBe(expected);
});

test('a hostile pattern does not backtrack', () => {
  const matches = compileGlob(`${'*a'.repeat(100)}b`);
  // There are more ways to lay a hundred stars over this text than a test could try.
  expect(matches('a'.repeat(5_000))).toBe(false);
});
