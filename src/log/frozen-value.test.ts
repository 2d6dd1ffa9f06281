import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, frozenFromCanonical } from './frozen-value.ts';

/** Any character. Fast-check's own `binary` lists all of them first, which takes seconds. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

function isFrozenThroughout(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout);
}

describe('deepFreeze', () => {
  it('returns the value itself, frozen throughout', () => {
    const value = { a: [1, { b: null }], c: 'x' };
    expect(deepFreeze(value)).toBe(value);
    expect(isFrozenThroughout(value)).toBe(true);
  });

  it.each([null, undefined, 1, 'x', true])('leaves %s alone', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });

  it('looks into what was frozen already', () => {
    const value = { outer: Object.freeze({ inner: { a: 1 } }) };
    deepFreeze(value);
    expect(Object.isFrozen(value.outer.inner)).toBe(true);
    const top = Object.freeze([{ a: [1] }]);
    expect(isFrozenThroughout(deepFreeze(top))).toBe(true);
  });

  it('ends on a cycle', () => {
    const value: Record<string, unknown> = { list: [] };
    (value['list'] as unknown[]).push(value);
    deepFreeze(value);
    expect(Object.isFrozen(value) && Object.isFrozen(value['list'])).toBe(true);
  });

  it('needs no stack', () => {
    let value: unknown[] = [];
    for (let level = 0; level < 100_000; level += 1) value = [value];
    expect(Object.isFrozen(deepFreeze(value)[0])).toBe(true);
  });
});

describe('frozenFromCanonical', () => {
  it('gives back what the text says, frozen throughout', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: anyCharacter }), (text) => {
        const value = frozenFromCanonical(text);
        expect(value).toStrictEqual(JSON.parse(text));
        return isFrozenThroughout(value);
      }),
    );
  });

  it('cannot be changed by whoever runs with it', () => {
    const value = frozenFromCanonical('{"amount":1,"tags":["a"]}') as { tags: string[] };
    expect(() => Object.assign(value, { amount: 2 })).toThrow(TypeError);
    expect(() => value.tags.push('b')).toThrow(TypeError);
  });
});
