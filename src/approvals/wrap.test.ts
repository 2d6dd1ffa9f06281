/** Lines that a terminal does not break again. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownText } from './shown-text.ts';
import { cellWidth, wrap } from './wrap.ts';

const parts = fc.constantFrom(
  'word',
  ' ',
  '漢字',
  '👍',
  'e\u0301',
  '\u202e',
  '\n',
  'a'.repeat(30),
  '⟦',
  '\u{10ffff}',
);
const texts = fc.array(parts).map((chosen) => chosen.join(''));
const widths = fc.integer({ min: 16, max: 100 });

test('lines fit, are the text when put together, and break no escape', () => {
  fc.assert(
    fc.property(texts, widths, (text, width) => {
      const shown = shownText(text, { charactersMax: 1, full: true }).text;
      const lines = wrap(shown, width);
      expect(lines.join('')).toBe(shown);
      for (const line of lines) {
        expect(cellWidth(line)).toBeLessThanOrEqual(width);
        expect(line.split('⟦').length).toBe(line.split('⟧').length);
        expect(line).not.toMatch(/^\p{M}/u);
      }
    }),
  );
});

test.each([
  ['abc', 3],
  ['Größe', 5],
  ['Привет', 6],
  ['漢字', 4],
  ['한국어', 6],
  ['ｆｕｌｌ', 8],
  ['👍', 2],
  ['⟦U+202E⟧', 8],
  ['“…”', 3],
])('%s takes %i cells', (text, cells) => {
  expect(cellWidth(text)).toBe(cells);
});

test('words stay whole where a space is near', () => {
  expect(wrap('one two three four five', 16)).toEqual(['one two three ', 'four five']);
});

test('a word that was moved to the next line is left there alone where too much follows', () => {
  const lines = ['aaaaaaa ', '漢字漢字', '⟦U+10FFFF⟧'];
  expect(wrap(lines.join(''), 16)).toEqual(lines);
});

test('a line goes on in a new one behind its line breaks', () => {
  expect(wrap('a⟦U+000D⟧⟦U+000A⟧b⟦U+000A⟧', 40)).toEqual(['a⟦U+000D⟧⟦U+000A⟧', 'b⟦U+000A⟧']);
});

test('an empty text is one empty line', () => {
  expect(wrap('', 16)).toEqual(['']);
});
