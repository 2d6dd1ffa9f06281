/** The same things have the same sum in any order, and others have another, under a key that decides it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MultisetHash } from './multiset-hash.ts';

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Few of them, so that the same ones come again. */
const anyThing = fc.uint8Array({ maxLength: 2, max: 1 });
const anyThings = fc.array(anyThing, { maxLength: 5 });

function sumOf(key: Uint8Array, things: readonly Uint8Array[]): MultisetHash {
  const sum = new MultisetHash(key);
  for (const thing of things) sum.add(thing);
  return sum;
}

function sorted(things: readonly Uint8Array[]): readonly string[] {
  return things.map((thing) => thing.join()).toSorted();
}

test('sums are the same just where the same things were added as often, in whatever order', () => {
  fc.assert(
    fc.property(anyKey, anyThings, anyThings, (key, left, right) => {
      const same =
        sorted(left).join(';') === sorted(right).join(';') && left.length === right.length;
      expect(sumOf(key, left).equals(sumOf(key, right))).toBe(same);
    }),
    { numRuns: 1_000 },
  );
});

test('another key makes another sum', () => {
  fc.assert(
    fc.property(anyKey, anyKey, anyThing, (key, other, thing) => {
      const same = key.join() === other.join();
      expect(sumOf(key, [thing]).equals(sumOf(other, [thing]))).toBe(same);
    }),
  );
});

test('a thing is added whole, however long those before it were', () => {
  const key = new Uint8Array(32);
  const long = new Uint8Array(5_000).fill(7);
  const [one, other] = [long.slice(), long.slice()];
  other[4_999] = 8;
  expect(sumOf(key, [one]).equals(sumOf(key, [other]))).toBe(false);
  expect(sumOf(key, [long, one]).equals(sumOf(key, [one, long]))).toBe(true);
  expect(sumOf(key, [long, new Uint8Array(1)]).equals(sumOf(key, [new Uint8Array(1), long]))).toBe(
    true,
  );
});

test('a key of another length is refused', () => {
  expect(() => new MultisetHash(new Uint8Array(31))).toThrow(RangeError);
});
