import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, defaultCanonicalLimits } from './canonical-json.ts';
import type { CanonicalLimits } from './canonical-json.ts';
import { StrictJsonError } from './strict-json-error.ts';
import { parseStrictJson } from './strict-json.ts';

function refusal(text: string, limits?: Partial<CanonicalLimits>): StrictJsonError {
  try {
    parseStrictJson(text, { ...defaultCanonicalLimits, ...limits });
  } catch (error) {
    if (error instanceof StrictJsonError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('accepts', () => {
  it.each([
    ' \t\r\n{"a" : [ 1 , -0, 1.50e+2, true, false, null ] , "b":{}}\n',
    '[]',
    '{ }',
    '""',
    '0',
    '-1.5E-3',
    '"\\u0041\\n\\"\\\\\\/\\ud83d\\ude00 é 😀"',
    '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '12345678901234567890',
    '1e-400',
  ])('%s, as JSON.parse reads it', (text) => {
    expect(parseStrictJson(text)).toStrictEqual(JSON.parse(text));
  });

  it('one value however it is spelled', () => {
    const spellings = ['{"a":1,"b":2}', '{ "b" : 2.0, "a" : 1e0 }', '{"\\u0061":10E-1,"b":2}'];
    const forms = spellings.map((text) => canonicalJson(parseStrictJson(text)));
    expect(new Set(forms)).toEqual(new Set(['{"a":1,"b":2}']));
  });

  it('what JSON.stringify writes, and reads the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        fc.pre(!text.includes('"__proto__"'));
        expect(parseStrictJson(text)).toStrictEqual(JSON.parse(text));
      }),
    );
  });

  it('no text that JSON.parse refuses', () => {
    const tokens = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '.',
      'e',
      'true',
      ' ',
      '\\',
    ];
    const text = fc.array(fc.constantFrom(...tokens), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, (candidate) => {
        fc.pre(!parsesAsJson(candidate));
        expect(() => parseStrictJson(candidate)).toThrow(StrictJsonError);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('refuses', () => {
  it.each([
    { text: '{"amount":1,"amount":1000000}', code: 'duplicate-key', column: 13, path: '$.amount' },
    { text: '[{"a":1,"\\u0061":2}]', code: 'duplicate-key', column: 9, path: '$[0].a' },
    { text: '{"a":{"b":1,\n "b":2}}', code: 'duplicate-key', line: 2, column: 2, path: '$.a.b' },
    { text: '{"__proto__":{"admin":true}}', code: 'forbidden-key', column: 2, path: '$.__proto__' },
    { text: '{"\\u005f_proto__":1}', code: 'forbidden-key', column: 2, path: '$.__proto__' },
    { text: '{"a":"\\ud800"}', code: 'lone-surrogate', column: 6, path: '$.a' },
    { text: '["\ud800"]', code: 'lone-surrogate', column: 2, path: '$[0]' },
    { text: '[1,1e400]', code: 'not-finite', column: 4, path: '$[1]' },
    { text: '-1e400', code: 'not-finite', column: 1, path: '$' },
    { text: '', code: 'syntax', column: 1, path: '$' },
    { text: '\ufeff{}', code: 'syntax', column: 1, path: '$' },
    { text: '{a:1}', code: 'syntax', column: 2, path: '$' },
    { text: '{"a":1,}', code: 'syntax', column: 8, path: '$' },
    { text: '[1,]', code: 'syntax', column: 4, path: '$[1]' },
    { text: '{"a" 1}', code: 'syntax', column: 6, path: '$.a' },
    { text: '{"a":[1 2]}', code: 'syntax', column: 9, path: '$.a[0]' },
    { text: '{"a":1', code: 'syntax', column: 7, path: '$.a' },
    { text: '"abc', code: 'syntax', column: 5, path: '$' },
    { text: '"a\\', code: 'syntax', column: 5, path: '$' },
    { text: '"a\nb"', code: 'syntax', column: 3, path: '$' },
    { text: '["\\x"]', code: 'syntax', column: 2, path: '$[0]' },
    { text: '"\\u12g4"', code: 'syntax', column: 1, path: '$' },
    { text: '+1', code: 'syntax', column: 1, path: '$' },
    { text: '.5', code: 'syntax', column: 1, path: '$' },
    { text: 'NaN', code: 'syntax', column: 1, path: '$' },
    { text: "{'a':1}", code: 'syntax', column: 2, path: '$' },
    { text: '01', code: 'trailing-text', column: 2, path: '$' },
    { text: '{} {}', code: 'trailing-text', column: 4, path: '$' },
    { text: 'true\n x', code: 'trailing-text', line: 2, column: 2, path: '$' },
    { text: '1\u00a0', code: 'trailing-text', column: 2, path: '$' },
  ])('$text ($code)', ({ text, code, line = 1, column, path }) => {
    expect(refusal(text)).toMatchObject({ name: 'StrictJsonError', code, line, column, path });
  });

  it('and names the place for people', () => {
    const { message } = refusal('{"a":1,\n"a":2}');
    expect(message).toBe('the key occurs twice at `$.a`, line 2, column 1');
  });

  it('without polluting anything', () => {
    expect(() => parseStrictJson('{"__proto__":{"admin":true}}')).toThrow(StrictJsonError);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('limits', () => {
  it.each([
    { limits: { depthMax: 2 }, fits: '[{"a":1}]', exceeds: '[{"a":[]}]', code: 'too-deep' },
    { limits: { membersMax: 2 }, fits: '{"a":[1]}', exceeds: '{"a":[1,2]}', code: 'too-many' },
    { limits: { membersMax: 2 }, fits: '[1,2]', exceeds: '[1,{"a":2}]', code: 'too-many' },
    { limits: { bytesMax: 5 }, fits: '"世"', exceeds: '"世a"', code: 'too-large' },
    { limits: { bytesMax: 5 }, fits: '12345', exceeds: '12345 ', code: 'too-large' },
  ])('$code: exactly the limit fits ($limits)', ({ limits, fits, exceeds, code }) => {
    const all = { ...defaultCanonicalLimits, ...limits };
    expect(parseStrictJson(fits, all)).toStrictEqual(JSON.parse(fits));
    expect(refusal(exceeds, limits).code).toBe(code);
  });

  it('count depth by what is open, not by what was', () => {
    const text = `[${Array.from({ length: 100 }, () => '{"a":[1]}').join(',')}]`;
    expect(() => parseStrictJson(text, { ...defaultCanonicalLimits, depthMax: 3 })).not.toThrow();
  });

  it('hold against texts that are made to exhaust', () => {
    const large = { ...defaultCanonicalLimits, bytesMax: 2 ** 24 };
    const many = `[${'1,'.repeat(1_000_000)}1]`;
    const rows = [
      { text: '['.repeat(100_000), code: 'too-deep' },
      { text: '{"a":'.repeat(50_000), code: 'too-deep' },
      { text: '"x"'.padEnd(10 * 1024 * 1024), code: 'too-large' },
      { text: many, limits: large, code: 'too-many' },
    ];
    for (const { text, limits, code } of rows) {
      expect(refusal(text, limits).code).toBe(code);
    }
  });
});
