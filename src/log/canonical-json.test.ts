import { readFileSync, readdirSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanonicalJsonError, canonicalJson, defaultCanonicalLimits } from './canonical-json.ts';
import type { CanonicalLimits } from './canonical-json.ts';

/** Any character. Fast-check's own `binary` lists all of them first, which takes seconds. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

function refusal(value: unknown, limits?: Partial<CanonicalLimits>): CanonicalJsonError {
  try {
    canonicalJson(value, { ...defaultCanonicalLimits, ...limits });
  } catch (error) {
    if (error instanceof CanonicalJsonError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** A value and the same value with every object's keys in reverse order of insertion. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toReversed();
  return Object.fromEntries(members.map(([key, member]) => [key, reversed(member)]));
}

/** An object without properties and with the prototype given. */
function bare(prototype: object | null): object {
  return Object.create(prototype) as object;
}

/** An array of holes. */
function hollow(length: number): unknown[] {
  return Object.assign([] as unknown[], { length });
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const jsonValue = fc
  .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
  .filter((value) => !JSON.stringify(value).includes('"__proto__"'));

describe('published vectors', () => {
  const folder = new URL('../../test/vectors/jcs/', import.meta.url);
  const names = readdirSync(new URL('input/', folder));

  it('are all here', () => {
    expect(names.length).toBe(6);
  });

  it.each(names)('%s', (name) => {
    const input: unknown = JSON.parse(readFileSync(new URL(`input/${name}`, folder), 'utf8'));
    const output = readFileSync(new URL(`output/${name}`, folder), 'utf8');
    expect(canonicalJson(input)).toBe(output);
  });
});

describe('canonical form', () => {
  it.each([
    { value: null, text: 'null' },
    { value: [true, false], text: '[true,false]' },
    { value: [-0, 0, -1, 0.1, 1e21, 1e-7, 5e-324], text: '[0,0,-1,0.1,1e+21,1e-7,5e-324]' },
    { value: '', text: '""' },
    { value: 'a"\\/\b\u0000\u001f\u007f', text: '"a\\"\\\\/\\b\\u0000\\u001f\u007f"' },
    { value: 'ü€\u2028😀', text: '"ü€\u2028😀"' },
    { value: {}, text: '{}' },
    { value: [], text: '[]' },
    { value: [[], {}, [{}]], text: '[[],{},[{}]]' },
    { value: { b: 1, a: [2, 3] }, text: '{"a":[2,3],"b":1}' },
    { value: { 10: 1, 9: 2, 1: 3 }, text: '{"1":3,"10":1,"9":2}' },
    { value: { 'a"': 1, ü: 2 }, text: '{"a\\"":1,"ü":2}' },
    { value: { '\uffff': 1, '\u{10000}': 2 }, text: '{"\u{10000}":2,"\uffff":1}' },
    { value: { constructor: 1, toString: 2 }, text: '{"constructor":1,"toString":2}' },
    { value: Object.assign(bare(null), { a: 1 }), text: '{"a":1}' },
    { value: runInNewContext('({ b: [1], a: {} })') as unknown, text: '{"a":{},"b":[1]}' },
  ])('$text', ({ value, text }) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('keeps NFC and NFD apart', () => {
    expect(canonicalJson('é'.normalize('NFC'))).not.toBe(canonicalJson('é'.normalize('NFD')));
  });

  it('does not depend on key order', () => {
    fc.assert(
      fc.property(jsonValue, (value) => canonicalJson(value) === canonicalJson(reversed(value))),
    );
  });

  it.each([63, 64, 65, 200])('does not depend on the order of %i keys', (count) => {
    const names = Array.from({ length: count }, (_, n) => `k${(n * 7_919) % 1_000}`);
    const inOrder = names.toSorted().map((name) => `"${name}":1`);
    const value = Object.fromEntries(names.map((name) => [name, 1]));
    expect(canonicalJson(value)).toBe(`{${inOrder.join(',')}}`);
  });

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(value))).toStrictEqual(expected);
      }),
    );
  });

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalJson(value);
        return canonicalJson(JSON.parse(text)) === text;
      }),
    );
  });

  it('is what JSON.stringify writes of a string or a number', () => {
    const scalar = fc.oneof(fc.string({ unit: anyCharacter }), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(scalar, (value) => {
        fc.pre(typeof value === 'string' || Number.isFinite(value));
        return canonicalJson(value) === JSON.stringify(value);
      }),
    );
  });
});

const cyclic: Record<string, unknown> = { a: [{}] };
(cyclic['a'] as unknown[]).push(cyclic);

describe('refuses', () => {
  class Point {
    x = 1;
  }
  it.each([
    { name: 'undefined', value: { a: undefined }, code: 'unsupported-type', path: '$.a' },
    { name: 'top-level undefined', value: undefined, code: 'unsupported-type', path: '$' },
    { name: 'a function', value: [() => 1], code: 'unsupported-type', path: '$[0]' },
    { name: 'toJSON', value: { toJSON: () => 1 }, code: 'unsupported-type', path: '$.toJSON' },
    { name: 'a symbol', value: [1, Symbol('s')], code: 'unsupported-type', path: '$[1]' },
    { name: 'a bigint', value: { a: [{ b: 1n }] }, code: 'unsupported-type', path: '$.a[0].b' },
    { name: 'a Date', value: { at: new Date(0) }, code: 'unsupported-type', path: '$.at' },
    { name: 'a Map', value: [new Map()], code: 'unsupported-type', path: '$[0]' },
    { name: 'a boxed number', value: [Object(1)], code: 'unsupported-type', path: '$[0]' },
    { name: 'bytes', value: new Uint8Array(2), code: 'unsupported-type', path: '$' },
    { name: 'an instance', value: { p: new Point() }, code: 'unsupported-type', path: '$.p' },
    { name: 'an heir', value: bare({ a: 1 }), code: 'unsupported-type', path: '$' },
    {
      name: 'an heir of a bare object',
      value: bare(bare(null)),
      code: 'unsupported-type',
      path: '$',
    },
    { name: 'an array heir', value: new (class extends Array {})(), code: 'unsupported-type' },
    {
      name: 'a hole',
      value: { a: Object.assign(hollow(3), { 0: 1, 2: 2 }) },
      code: 'unsupported-type',
      path: '$.a',
    },
    {
      name: 'an array with a name',
      value: Object.assign([1], { extra: 1 }),
      code: 'unsupported-type',
      path: '$',
    },
    {
      name: 'a hole made up for by a name',
      value: Object.assign(hollow(1), { extra: 1 }),
      code: 'unsupported-type',
      path: '$[0]',
    },
    {
      name: 'a symbol key',
      value: { a: { [Symbol('s')]: 1 } },
      code: 'unsupported-type',
      path: '$.a',
    },
    {
      name: 'a symbol key on an array',
      value: Object.assign([], { [Symbol('s')]: 1 }),
      code: 'unsupported-type',
      path: '$',
    },
    { name: 'NaN', value: [NaN], code: 'not-finite', path: '$[0]' },
    { name: 'Infinity', value: { a: Infinity }, code: 'not-finite', path: '$.a' },
    { name: '-Infinity', value: -Infinity, code: 'not-finite', path: '$' },
    { name: 'a cycle', value: cyclic, code: 'cyclic', path: '$.a[1]' },
    { name: 'a lone surrogate', value: { a: '\ud800' }, code: 'lone-surrogate', path: '$.a' },
    { name: 'a half pair reversed', value: '\ude00\ud83d', code: 'lone-surrogate', path: '$' },
    {
      name: 'a lone surrogate in a key',
      value: { '\udc00': 1 },
      code: 'lone-surrogate',
      path: '$["\\udc00"]',
    },
    {
      name: '__proto__ from parsed text',
      value: JSON.parse('{"a":{"__proto__":{"admin":true}}}') as unknown,
      code: 'forbidden-key',
      path: '$.a.__proto__',
    },
  ])('$name', ({ value, code, path }) => {
    expect(refusal(value)).toMatchObject({ code, path: path ?? '$' });
  });

  it('names the place, not an earlier one, and says why', () => {
    const error = refusal({ a: [{ b: 1 }], c: { d: 1n } });
    expect(error.path).toBe('$.c.d');
    expect(error.message).toBe('a value of type `bigint` has no JSON form at `$.c.d`');
    expect(error.name).toBe('CanonicalJsonError');
  });

  it('a value that cannot be read, with the cause', () => {
    const cause = new Error('no');
    const value = {
      a: {
        get b(): never {
          throw cause;
        },
      },
    };
    const error = refusal(value);
    expect(error).toMatchObject({ code: 'unsupported-type', path: '$.a.b', cause });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(refusal([proxy])).toMatchObject({ code: 'unsupported-type', path: '$[0]' });
  });

  it('accepts one object in two places, which is not a cycle', () => {
    const shared = { a: 1 };
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]');
  });
});

describe('limits', () => {
  it.each([
    { limits: { depthMax: 3 }, fits: nested(3), exceeds: nested(4), code: 'too-deep' },
    { limits: { membersMax: 3 }, fits: [{ a: 1 }, 2], exceeds: [{ a: 1 }, 2, 3], code: 'too-many' },
    { limits: { membersMax: 3 }, fits: [1, [2]], exceeds: { a: [1, 2, 3] }, code: 'too-many' },
    { limits: { bytesMax: 5 }, fits: 'abc', exceeds: 'abcd', code: 'too-large' },
    { limits: { bytesMax: 5 }, fits: '世', exceeds: '世a', code: 'too-large' },
    { limits: { bytesMax: 5 }, fits: 12345, exceeds: 123456, code: 'too-large' },
    { limits: { bytesMax: 8 }, fits: { a: 12 }, exceeds: { a: 123 }, code: 'too-large' },
    { limits: { bytesMax: 4 }, fits: '\n', exceeds: '\n\n', code: 'too-large' },
  ])('$code: exactly the limit fits ($limits)', ({ limits, fits, exceeds, code }) => {
    const all = { ...defaultCanonicalLimits, ...limits };
    expect(canonicalJson(fits, all)).toBe(JSON.stringify(fits));
    expect(refusal(exceeds, limits).code).toBe(code);
  });

  it('are 64 levels, 256 KiB and 10,000 members unless told', () => {
    expect(defaultCanonicalLimits).toEqual({
      depthMax: 64,
      bytesMax: 262_144,
      membersMax: 10_000,
    });
    expect(() => canonicalJson(nested(64))).not.toThrow();
    expect(refusal(nested(65)).code).toBe('too-deep');
  });

  it('hold against values that are made to exhaust', () => {
    let bomb: unknown = 'x';
    for (let level = 0; level < 40; level += 1) bomb = [bomb, bomb];
    const rows = [
      { value: nested(100_000), code: 'too-deep' },
      { value: { a: 'x'.repeat(10 * 1024 * 1024) }, code: 'too-large' },
      { value: { a: '世'.repeat(5 * 1024 * 1024) }, code: 'too-large' },
      { value: hollow(1_000_000).fill(1), code: 'too-many' },
      { value: hollow(4_000_000_000), code: 'too-many' },
      { value: bomb, code: 'too-many' },
    ];
    for (const { value, code } of rows) {
      expect(refusal(value).code).toBe(code);
    }
  });
});

describe('reading', () => {
  it('asks a getter once', () => {
    let asked = 0;
    const value = {
      get amount(): number {
        asked += 1;
        return asked === 1 ? 1 : 1_000_000;
      },
    };
    expect(canonicalJson(value)).toBe('{"amount":1}');
    expect(asked).toBe(1);
  });

  it('asks a Proxy once for each member and once for a length', () => {
    const asked: PropertyKey[] = [];
    const get = (target: object, key: PropertyKey): unknown => {
      asked.push(key);
      return Reflect.get(target, key);
    };
    const value = new Proxy({ b: new Proxy([7, 8], { get }), a: 1 }, { get });
    expect(canonicalJson(value)).toBe('{"a":1,"b":[7,8]}');
    expect(asked).toEqual(['a', 'b', 'length', '0', '1']);
  });

  it('survives a getter that writes canonical JSON itself, and one that throws', () => {
    const inner = { x: 'y'.repeat(100) };
    const value = {
      a: 'before',
      get b(): string {
        return canonicalJson(inner);
      },
      c: 'after',
    };
    const text = JSON.stringify({ a: 'before', b: JSON.stringify(inner), c: 'after' });
    expect(canonicalJson(value)).toBe(text);
    expect(refusal({ a: 'x', b: 1n }).code).toBe('unsupported-type');
    expect(canonicalJson(value)).toBe(text);
  });

  it('leaves the value as it was', () => {
    const value = Object.freeze({ b: Object.freeze([2, 1]), a: 1 });
    canonicalJson(value);
    expect(Object.keys(value)).toEqual(['b', 'a']);
    expect(value.b).toEqual([2, 1]);
  });
});
