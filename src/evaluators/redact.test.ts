/** What is taken out is all of what was found, and nothing of a content's shape. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentTexts } from './content-texts.ts';
import { redact, type TextSpan } from './redact.ts';
import { EvaluatorRegistry } from './registry.ts';
import { runRedactions } from './run-redactions.ts';

const registry = EvaluatorRegistry.of();

/** Every place of a word. */
function places(word: string): (text: string) => readonly TextSpan[] {
  return (text) =>
    [...text.matchAll(new RegExp(word, 'g'))].map(({ index: start }) => {
      return { start, end: start + word.length };
    });
}

test('each place becomes a marker, in members and elements, and the rest stays', () => {
  const content = { a: 'x key y key', b: ['key', 1, null, true, ''], c: { d: 'fine' } };
  expect(redact(content, places('key'), '[k]')).toEqual({
    content: { a: 'x [k] y [k]', b: ['[k]', 1, null, true, ''], c: { d: 'fine' } },
    count: 3,
  });
});

test('what begins in one text and ends in another is taken out of both', () => {
  const all = (text: string): readonly TextSpan[] => [
    { start: text.indexOf('BEGIN'), end: text.indexOf('END') + 3 },
  ];
  const lines = ['a', 'x BEGIN', 'body', 'END y', 'z'];
  expect(redact(lines, all, '-')).toEqual({ content: ['a', 'x -', '-', '- y', 'z'], count: 1 });
});

test('names and numbers stay as they are', () => {
  const content = { key: 'value', amount: 4242 };
  const { count, content: left } = redact(content, places('key'), '-');
  expect([count, left]).toEqual([0, content]);
  expect(redact(content, places('4242'), '-').content).toEqual(content);
});

test('places that overlap are one', () => {
  const find = (): readonly TextSpan[] => [
    { start: 4, end: 6 },
    { start: 1, end: 5 },
  ];
  expect(redact('abcdefg', find, '-')).toEqual({ content: 'a-g', count: 1 });
});

test.each<[string, TextSpan]>([
  ['before the text', { start: -1, end: 2 }],
  ['beyond the text', { start: 1, end: 9 }],
  ['empty', { start: 1, end: 1 }],
  ['backwards', { start: 2, end: 1 }],
  ['no number', { start: Number.NaN, end: 2 }],
])('a place that is none is refused: %s', (_, span) => {
  expect(() => redact('abc', () => [span], '-')).toThrow(TypeError);
});

test('of random texts and places nothing is left of what was in a place', () => {
  const span = fc.tuple(fc.nat(40), fc.nat(40)).map(([one, other]) => ({
    start: Math.min(one, other),
    end: Math.max(one, other) + 1,
  }));
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), fc.array(span), (texts, spans) => {
      const all = contentTexts(texts);
      const find = () => spans.filter(({ end }) => end <= all.length);
      const { content } = redact(texts, find, '\u{0}');
      // What is kept, character by character, by the naive way.
      const isOut = (at: number) => find().some(({ start, end }) => start <= at && at < end);
      let at = 0;
      const kept = texts.map((text) => {
        const characters = Array.from({ length: text.length }, (_, index) => text[index]);
        const own = characters.filter((_, index) => !isOut(at + index)).join('');
        at += text.length + 1;
        return own;
      });
      expect((content as string[]).map((text) => text.replaceAll('\u{0}', ''))).toEqual(
        kept.map((text) => text.replaceAll('\u{0}', '')),
      );
    }),
  );
});

const letters = fc.constantFrom(
  ...Array.from('abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'),
);
const token = (minLength: number, maxLength = minLength + 60): fc.Arbitrary<string> =>
  fc.array(letters, { minLength, maxLength }).map((each) => each.join(''));

/** Whole secrets, as they are given out: what is secret of each is what comes second. */
const secrets: fc.Arbitrary<readonly [text: string, secret: string]> = fc.oneof(
  token(36).map((rest) => [`ghp_${rest}`, rest] as const),
  token(20).map((rest) => [`sk-${rest}`, rest] as const),
  token(35).map((rest) => [`AIza${rest}`, rest] as const),
  token(20).map((rest) => [`Bearer ${rest}`, rest] as const),
  token(20).map((rest) => [`eyJhbGciOiJI.eyJzdWIiOiIx.${rest}`, rest] as const),
  token(40, 90).map((rest) => [`AccountKey=${rest}==`, rest] as const),
  token(40, 40).map((rest) => [`aws_secret_access_key = ${rest}`, rest] as const),
  token(12).map((rest) => [`postgres://app:${rest}@db.example/main`, rest] as const),
  token(12).map((rest) => [`Server=db;User Id=sa;Password="${rest};'${rest}"`, rest] as const),
  token(64, 200).map((rest) => {
    const dashes = '-'.repeat(5);
    const [begin, end] = ['BEGIN', 'END'].map((each) => `${dashes}${each} PRIVATE KEY${dashes}`);
    return [`${begin}\n${rest}\n${end}`, rest] as const;
  }),
);

const surroundings = fc.oneof(
  fc.constant(''),
  fc.constant('see: '),
  fc.constant('"'),
  fc.constant('\n'),
  fc.lorem({ maxCount: 5 }).map((text) => ` ${text} `),
);

describe('secrets', () => {
  test('of a whole secret no part is left, wherever it stands', () => {
    const asked = [{ id: 'keys', evaluator: 'secrets' }];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(surroundings, secrets, surroundings), { minLength: 1, maxLength: 4 }),
        (all) => {
          const texts = all.map(([before, [text], after]) => `${before}${text}${after}`);
          const content = {
            list: texts,
            deep: { text: texts.join('\n') },
            json: JSON.stringify(texts),
          };
          const { content: left, places: found } = runRedactions(registry, asked, content);
          expect(found.get('keys')).toBeGreaterThan(0);
          const shown = JSON.stringify(left);
          for (const [, [, secret]] of all) {
            for (let at = 0; at + 8 <= secret.length; at += 1) {
              expect(shown).not.toContain(secret.slice(at, at + 8));
            }
          }
        },
      ),
    );
  });

  test('what stands beside a secret is left', () => {
    const asked = [{ id: 'keys', evaluator: 'secrets' }];
    const text = `token=ghp_${'a1'.repeat(18)}, user=ann; all is well`;
    const { content } = runRedactions(registry, asked, { text });
    expect(content).toEqual({ text: 'token=[redacted:keys], user=ann; all is well' });
  });

  test('a private key without an end is taken out to the end of all that was said', () => {
    const asked = [{ id: 'keys', evaluator: 'secrets' }];
    const lines = ['a', `${'-'.repeat(5)}BEGIN EC PRIVATE KEY${'-'.repeat(5)}`, 'MHcCAQ', 'tail'];
    const { content } = runRedactions(registry, asked, lines);
    expect(content).toEqual(['a', '[redacted:keys]', '[redacted:keys]', '[redacted:keys]']);
  });
});

test('personal data is taken out whole, and several guardrails one after the other', () => {
  const asked = [
    { id: 'people', evaluator: 'personal-data' },
    { id: 'orders', evaluator: 'regex', config: { patterns: ['o-[0-9]+'], refuseOn: 'match' } },
  ];
  const text =
    'o-1001: ann.lee+x@shop.example paid with 4111 1111 1111 1111, or DE89 3704 0044 0532 0130 00, ' +
    'and 123-45-6789';
  const { content, places: found } = runRedactions(registry, asked, [text]);
  expect(content).toEqual([
    '[redacted:orders]: [redacted:people] paid with [redacted:people], or [redacted:people], ' +
      'and [redacted:people]',
  ]);
  expect([...found]).toEqual([
    ['people', 4],
    ['orders', 1],
  ]);
});

test.each([
  'jose\u0301.smith@shop.example',
  '\u0930\u093e\u092e.\u0915\u0941\u092e\u093e\u0930@shop.example',
  'bounce+ann=acme.example@shop.example',
  'ann!lee@shop.example',
  'ann@shop.xn--p1ai',
  '4111\u20131111\u20131111\u20131111',
])('of %s nothing is left', (personal) => {
  const asked = [{ id: 'people', evaluator: 'personal-data' }];
  const { content } = runRedactions(registry, asked, `to <${personal}>, today`);
  expect(content).toBe('to <[redacted:people]>, today');
});

test('of an evaluator that does not say where, there are no places', () => {
  const asked = [{ id: 'shape', evaluator: 'json-schema', config: { schema: { type: 'string' } } }];
  const { content, places: found } = runRedactions(registry, asked, 'text');
  expect([content, found.size]).toEqual(['text', 0]);
  expect(registry.checkRedaction('json-schema', { schema: { type: 'string' } })).toContain(
    'cannot redact',
  );
});
