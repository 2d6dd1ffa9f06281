/** What is not seen, or moves what stands beside it, is spelled out wherever a command prints. */
import { expect, test } from 'vitest';
import { jsonLine, shown } from './terminal.ts';

/** One of each: controls, bidi, zero width, tags, variation selectors, fillers, blanks, private use. */
const unseen = [
  0x07, 0x1b, 0x9b, 0xad, 0x34f, 0x61c, 0x115f, 0x180e, 0x200b, 0x2028, 0x202e, 0x2066, 0x206a,
  0x2800, 0x3164, 0xe000, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0x1_d173, 0xe_0041, 0xe_0100, 0xf_0000,
].map((code) => String.fromCodePoint(code));

test('text that is not seen is spelled out, and so takes no part in the line', () => {
  for (const character of unseen)
    expect(shown(`a${character}b`)).toMatch(/^a(?:\\u[0-9a-f]{4})+b$/);
  expect(shown('naïve 漢字 👍 Ünïcödé')).toBe('naïve 漢字 👍 Ünïcödé');
});

test('a line of JSON has it escaped, and gives back exactly the value', () => {
  const line = jsonLine(unseen);
  expect(line).toMatch(/^[\u0020-\u007e]*$/);
  expect(JSON.parse(line)).toEqual(unseen);
});
