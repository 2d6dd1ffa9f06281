/** What a client is shown of a result, for results of any shape. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownResult, tooLarge } from '../../src/enforce/mcp/call/shown-result.ts';

const hidden = [
  '\u0000',
  '\u0007',
  '\u001b',
  '\u007f',
  '\u009b',
  '\u061c',
  '\u202e',
  '\u2066',
  '\u00ad',
  '\u034f',
  '\u200b',
  '\u200d',
  '\u2063',
  '\ufeff',
  '\u{e0041}',
  '\ufe0f\ufe0f',
  '\u{e0100}\u{e0101}',
];
const piece = fc.oneof(
  fc.constantFrom(...hidden),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('a', '\n', '\t'),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('node'), { maxKeys: 3 }),
  ),
})).node;
const result = fc.record({
  content: fc.array(fc.record({ type: fc.constant('text'), text }), { maxLength: 3 }),
  structuredContent: tree,
});

const unseen = new RegExp(
  '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u202a-\\u202e' +
    '\\u2066-\\u2069\\u200b-\\u200d\\u2060-\\u2065\\ufeff\\u{e0000}-\\u{e007f}]',
  'u',
);

function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  JSON.parse(JSON.stringify(value), (name, each: unknown) => {
    if (typeof each === 'string' && name !== 'data' && name !== 'blob') texts.push(each);
    return each;
  });
  return texts;
}

test('what is stripped has nothing left that nobody sees; what is marked is as it came', () => {
  fc.assert(
    fc.property(result, (given) => {
      const server = 'one';
      const marked = shownResult(given, { server, terms: { hiddenCharacters: 'mark' } });
      const { _meta: marks, ...same } = marked;
      expect(same).toEqual(given);
      const { _meta: _, ...stripped } = shownResult(given, {
        server,
        terms: { hiddenCharacters: 'strip' },
      });
      expect(textsOf(stripped).filter((each) => unseen.test(each))).toEqual([]);
      const told = marks?.['agent-control-plane/untrusted'] as {
        readonly hidden?: readonly string[];
      };
      const has = textsOf(given).some((each) => unseen.test(each));
      const isTold = told.hidden !== undefined;
      expect(has && !isTold).toBe(false);
      expect(isTold ? given : stripped).toEqual(given);
    }),
  );
});

test('bytes are not touched, whatever letters they are written in', () => {
  const given = { content: [{ type: 'image', data: 'AA\u200b==', mimeType: 'image/png' }] };
  const terms = { hiddenCharacters: 'strip' } as const;
  expect(shownResult(given, { server: 'one', terms }).content).toEqual(given.content);
});

test('a result is too large from one byte above its bound on', () => {
  const given = { content: [{ type: 'text', text: 'ä' }] };
  const bytes = Buffer.byteLength(JSON.stringify(given));
  expect(tooLarge(given, bytes)).toBeUndefined();
  expect(tooLarge(given, bytes - 1)?.code).toBe('result-too-large');
});
