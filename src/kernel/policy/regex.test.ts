/** Regular expressions: linear in the text whatever the pattern, and refused where they could not be. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { compileRegex } from './regex.ts';

const long = `${'a'.repeat(100_000)}b`;

test.each([
  ['(a+)+$', false],
  ['(a|aa)+$', false],
  ['(a|a?)+$', true],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', false],
  ['(x+x+)+y', false],
  ['b$', true],
])('%s on a text of 100,000 characters: %s', (pattern, expected) => {
  const compiled = compileRegex(pattern);
  expect('found' in compiled && compiled.found(long)).toBe(expected);
});

test.each([
  ['a backreference', String.raw`(a)\1`],
  ['lookahead', '(?=a)b'],
  ['negative lookahead', '(?!a)b'],
  ['lookbehind', '(?<=a)b'],
  ['negative lookbehind', '(?<!a)b'],
  ['an open group', '(a'],
  ['an open class', '[a'],
  ['a repetition of nothing', '*a'],
  ['a repetition that is too large', 'a{1001}'],
  ['repetitions of repetitions', '((a{1000}){1000}){1000}'],
  ['a pattern that is too long', 'a'.repeat(limits.regexLengthMax + 1)],
  ['a program that is too large', 'a{900}b{900}c{900}'],
])('%s is refused', (_, pattern) => {
  expect(compileRegex(pattern)).toHaveProperty('problem');
});

test('a pattern is found anywhere unless it says where', () => {
  const found = (pattern: string, text: string): unknown => {
    const compiled = compileRegex(pattern);
    return 'found' in compiled ? compiled.found(text) : compiled.problem;
  };
  expect(found('b', 'abc')).toBe(true);
  expect(found('^b', 'abc')).toBe(false);
  expect(found('(?i)^A.c$', 'abc')).toBe(true);
  expect(found('^.$', '\u{1f600}')).toBe(true);
  expect(found('', '')).toBe(true);
});
