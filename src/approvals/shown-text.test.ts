/** Text as cards show it: nothing acts, nothing is lost, and nothing passes for an escape. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterKinds, markedCharacters } from './character-marks.ts';
import { plainText, shownText } from './shown-text.ts';

const whole = { charactersMax: 1_000, full: true } as const;

/** The inverse of the escape. */
function original(shown: string): string {
  return shown.replaceAll(/⟦U\+([0-9A-F]+)⟧/g, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

function everyCharacter(): string {
  const characters: string[] = [];
  for (let code = 0; code <= 0x10_ffff; code += 1) {
    if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code));
  }
  return characters.join('');
}

/** Written down apart from the source: what has no ink, or is not assigned, or is a space that is none. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}]|[^\P{Zs} ]/u;

const characters = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
const pieces = fc.constantFrom(
  '⟦',
  '⟧',
  '⟦U+0041⟧',
  'a',
  'а',
  '\u0301',
  '\u202e',
  '\n',
  '"',
  ' ',
  'U+',
);
const texts = fc.array(fc.oneof(characters, pieces)).map((parts) => parts.join(''));

describe('the escape', () => {
  it('loses nothing, whatever the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(original(shownText(text, whole).text)).toBe(text);
      }),
    );
  });

  it('escapes every character that is not seen, of all that there are', () => {
    const all = everyCharacter();
    const shown = shownText(all, whole);
    expect(unseen.test(shown.text)).toBe(false);
    expect(original(shown.text) === all).toBe(true);
    const unmarked = markedCharacters(all).filter(
      ({ character, kind }) => kind === undefined && unseen.test(character),
    );
    expect(unmarked).toEqual([]);
  });

  it('cannot be forged: brackets in a text are escaped themselves', () => {
    expect(shownText('⟦U+202E⟧', whole)).toMatchObject({
      text: '⟦U+27E6⟧U+202E⟦U+27E7⟧',
      marks: ['card-brackets'],
    });
  });

  it('leaves plain text alone, in many scripts', () => {
    for (const text of [
      '',
      'a "b" \\ c',
      'Größe, naïve',
      'Привет, мир',
      'ελληνικά',
      '漢字かな',
      'नमस्ते',
      '👍',
    ]) {
      expect(shownText(text, whole)).toMatchObject({ text, marks: [] });
      expect(plainText(text)).toBe(text);
    }
  });
});

describe('marks', () => {
  const examples: readonly (readonly [string, string, string])[] = [
    ['bidi-controls', 'a\u202eb', 'a⟦U+202E⟧b'],
    ['zero-width', 'pay\u200bpal', 'pay⟦U+200B⟧pal'],
    ['tag-characters', 'a\u{e0041}', 'a⟦U+E0041⟧'],
    ['variation-selectors', 'a\ufe0f\u{e0100}', 'a⟦U+FE0F⟧⟦U+E0100⟧'],
    ['line-breaks', 'a\nb\u2028', 'a⟦U+000A⟧b⟦U+2028⟧'],
    ['control-characters', '\u0000\t\u009f', '⟦U+0000⟧⟦U+0009⟧⟦U+009F⟧'],
    ['unusual-spaces', 'a\u00a0b\u3000', 'a⟦U+00A0⟧b⟦U+3000⟧'],
    ['private-use', '\ue000', '⟦U+E000⟧'],
    ['unassigned', '\u{10ffff}', '⟦U+10FFFF⟧'],
    ['other-invisible', '\u3164\u2800', '⟦U+3164⟧⟦U+2800⟧'],
    ['stacked-marks', `e${'\u0301'.repeat(5)}`, `e${'\u0301'.repeat(4)}⟦U+0301⟧`],
    ['mixed-scripts', 'p\u0430ypal \u0430', 'p⟦U+0430⟧ypal \u0430'],
    ['look-alike-letters', '\uff50\u{1d429}', '⟦U+FF50⟧⟦U+1D429⟧'],
    ['card-brackets', '⟧', '⟦U+27E7⟧'],
  ];

  it.each(examples)('%s are found and shown', (mark, text, shown) => {
    expect(shownText(text, whole)).toMatchObject({ text: shown, marks: [mark] });
  });

  it('has an example of each kind of character', () => {
    expect(examples.map(([mark]) => mark)).toEqual(characterKinds);
  });

  it.each([
    ['looks-like-markup', '<b>'],
    ['looks-like-markup', '&lt;'],
    ['looks-like-markup', '[click](x)'],
    ['looks-like-terminal-escape', '[31mred'],
    ['looks-like-terminal-escape', String.raw`\x1b[2J`],
    ['right-to-left', 'שלום'],
    ['right-to-left', 'سلام'],
  ])('%s is said of %j, which is shown as it is', (mark, text) => {
    expect(shownText(text, whole)).toMatchObject({ text, marks: [mark] });
  });

  it('lets no combining mark stand on nothing, on a quote or on an escape', () => {
    const { text } = shownText('\u0301"\u0301\u200b\u0301', whole);
    expect(text).toBe('⟦U+0301⟧"⟦U+0301⟧⟦U+200B⟧⟦U+0301⟧');
  });
});

describe('long texts', () => {
  it('are cut at a character, and say how much is missing', () => {
    const options = { charactersMax: 3, full: false };
    expect(shownText('ab👍é👍', options)).toEqual({
      text: 'ab👍',
      characters: 5,
      bytes: 12,
      marks: ['very-long'],
      isTruncated: true,
      cutCharacters: 2,
      cutBytes: 6,
    });
    expect(shownText('ab👍', options)).toMatchObject({
      text: 'ab👍',
      isTruncated: false,
      marks: [],
    });
  });

  it('are marked for what was cut too, and are whole where they are asked for in full', () => {
    const text = `aaa\u202e`;
    expect(shownText(text, { charactersMax: 3, full: false })).toMatchObject({
      text: 'aaa',
      marks: ['bidi-controls', 'very-long'],
    });
    expect(shownText(text, { charactersMax: 3, full: true })).toMatchObject({
      text: 'aaa⟦U+202E⟧',
      isTruncated: false,
      cutCharacters: 0,
      marks: ['bidi-controls', 'very-long'],
    });
  });
});
