/** Whether two patterns meet, against all texts of a small alphabet that are long enough to tell. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob } from '../kernel/index.ts';
import { patternsMeet } from './pattern-meeting.ts';

const pattern = fc
  .array(fc.constantFrom('a', 'b', '/', '*', '**', '?'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''));

/** Two patterns of four places each meet in a text of at most eight characters, or nowhere. */
const texts = [''];
for (const text of texts)
  if (text.length < 8) texts.push(...['a', 'b', '/'].map((end) => text + end));

test('two patterns meet where some text matches both', () => {
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(pattern, pattern, (left, right) => {
      const [one, other] = [compileGlob(left), compileGlob(right)];
      const meets = texts.some((text) => one(text) && other(text));
      expect([left, right, patternsMeet(left, right)]).toEqual([left, right, meets]);
      seen.add(meets);
    }),
    { numRuns: 300 },
  );
  expect(seen.size).toBe(2);
});
