/** Patterns against the regular expressions that they stand for. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob } from '../../src/kernel/policy/glob.ts';
import { globs } from './naive-condition.ts';
import { assertHolds } from './sampling.ts';

const patternUnit = fc.constantFrom('a', 'a', 'b', '/', '.', '*', '**', '?');
/** Halves of a surrogate pair among them, each of which is one character. */
const textUnit = fc.constantFrom('a', 'a', 'b', '/', '.', '\u{1f600}', '\udc00', '\ud83d');
const asked = fc.record({
  pattern: fc.string({ unit: patternUnit, minLength: 1, maxLength: 8 }),
  text: fc.string({ unit: textUnit, maxLength: 8 }),
});

test('a glob matches what the regular expression that it stands for matches', () => {
  const seen = new Set<boolean>();
  assertHolds(asked, 5_000, ({ pattern, text }) => {
    const matches = compileGlob(pattern)(text);
    expect(matches).toBe(globs(pattern, text));
    seen.add(matches);
  });
  expect(seen.size).toBe(2);
});
