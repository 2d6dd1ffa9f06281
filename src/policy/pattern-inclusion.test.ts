import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob } from '../kernel/index.ts';
import { actionsNamed, patternIncludes, subjectIncludes } from './pattern-inclusion.ts';

const pattern = fc
  .array(fc.constantFrom('a', 'b', '/', '*', '**', '?'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''));
const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 6 });

test('whatever the narrow pattern matches, the wide one matches', () => {
  fc.assert(
    fc.property(pattern, pattern, fc.array(text, { minLength: 20 }), (wide, narrow, texts) => {
      fc.pre(patternIncludes(wide, narrow));
      const [matchesWide, matchesNarrow] = [compileGlob(wide), compileGlob(narrow)];
      const missed = texts.filter((each) => matchesNarrow(each) && !matchesWide(each));
      expect([wide, narrow, missed]).toEqual([wide, narrow, []]);
    }),
    { numRuns: 500 },
  );
});

describe('what is certain is known', () => {
  test.each([
    ['**', 'a/*'],
    ['order.*', 'order.refund'],
    ['order/**', 'order/a/*'],
    ['a*', 'ab*'],
    ['a?', 'a?'],
  ])('%s takes in %s', (wide, narrow) => {
    expect(patternIncludes(wide, narrow)).toBe(true);
  });
});

describe('what is not certain is not claimed', () => {
  test.each([
    ['*', '**'],
    ['*', 'a/*'],
    ['a*', '*'],
    ['a*b', 'a*b?'],
    ['order.refund', 'order.*'],
  ])('%s does not take in %s', (wide, narrow) => {
    expect(patternIncludes(wide, narrow)).toBe(false);
  });
});

test('a member that is left out takes in everything, and only `**` takes it in', () => {
  expect(subjectIncludes(undefined, { agent: 'a' })).toBe(true);
  expect(subjectIncludes({ agent: 'a' }, undefined)).toBe(false);
  expect(subjectIncludes({ agent: ['a', '**'] }, undefined)).toBe(true);
});

test('declared actions are gathered once, however many rules are about one of them', () => {
  let gathered = 0;
  const declared = ['a', 'b'];
  const counted = Object.assign(declared, {
    [Symbol.iterator]: () => {
      gathered += 1;
      return Array.prototype.values.call(['a', 'b']) as ArrayIterator<string>;
    },
  });
  for (const name of ['a', 'b', 'c']) actionsNamed(name, counted);
  expect(gathered).toBe(1);
});

test('actions are those declared', () => {
  expect(actionsNamed(['a', 'b.*', 'gone'], ['a', 'b.c', 'd'])).toEqual(['a', 'b.c']);
  expect(actionsNamed(undefined, ['a', 'd'])).toEqual(['a', 'd']);
});
