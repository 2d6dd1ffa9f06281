/** What is in a page, in which order, and what is not. */
import { expect, test } from 'vitest';
import { entryItem, logPage } from './log-page.ts';

const entry = (index: number) => ({ index, body: `{"n":${index}}`, leaf: `leaf ${index}` });
const content = (index: number, field: string) => ({
  index,
  field,
  salt: 'ab'.repeat(16),
  text: 't',
});

test('each entry is followed by its contents, and contents of other entries are left out', () => {
  const contents = [
    content(7, 'late'),
    content(4, 'result'),
    content(2, 'early'),
    content(5, 'gap'),
  ];
  const { fields, names, indexes, ends } = logPage([entry(4), entry(6), entry(7)], contents);
  expect(indexes).toEqual([4, 6, 7]);
  const read = fields.map((field) => (field === entryItem ? null : names[field]));
  expect(read).toEqual([null, 'result', null, null, 'late']);
  expect(ends).toHaveLength(5);
});

test('contents that nothing can have committed to are named, and have no bytes', () => {
  const odd = [
    { ...content(0, 'salt'), salt: 'none' },
    { ...content(0, 'text'), text: '\ud800' },
  ];
  const { unsound, ends } = logPage([entry(0)], [...odd, content(0, 'sound')]);
  expect(unsound).toEqual([1, 2]);
  expect(ends[2]).toBe(ends[0]);
});
