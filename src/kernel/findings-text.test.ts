/** The text says where, and how much more there is. */
import { expect, test } from 'vitest';
import { findingsText } from './findings-text.ts';

const finding = (path: string) => ({ code: 'wrong-type', path, message: 'must be an object' });

test('what is wrong with all of a document is said of the document', () => {
  expect(findingsText([finding('')])).toBe('wrong-type: the document must be an object');
  expect(findingsText([finding('rules[0]')])).toBe('wrong-type: `rules[0]` must be an object');
});

test('ten are shown, and the others counted', () => {
  const many = Array.from({ length: 12 }, (_, position) => finding(`rules[${position}]`));
  const parts = findingsText(many).split('; ');
  expect(parts).toHaveLength(11);
  expect(parts.at(-1)).toBe('and 2 more');
  expect(findingsText(many.slice(0, 10))).not.toContain('more');
});
