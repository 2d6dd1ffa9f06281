import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  appendLeaf,
  appendLeaves,
  emptyFrontier,
  emptyRoot,
  frontierOf,
  isHash,
  leafHash,
  nodeHash,
  rootHash,
} from './merkle.ts';
import type { Frontier } from './merkle.ts';

interface Vectors {
  readonly leaves: readonly string[];
  readonly roots: readonly { size: number; root: string; frontier: readonly string[] }[];
}

const file = new URL('../../test/vectors/rfc6962/roots.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

/** RFC 6962 §2.1 to the letter, and nothing else. */
function naiveRoot(leaves: readonly string[]): string {
  const [first] = leaves;
  if (first === undefined) return createHash('sha256').digest('hex');
  if (leaves.length === 1) return first;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const bytes = Buffer.from(
    naiveRoot(leaves.slice(0, split)) + naiveRoot(leaves.slice(split)),
    'hex',
  );
  return createHash('sha256').update(Buffer.of(1)).update(bytes).digest('hex');
}

function numberedLeaves(count: number): string[] {
  return Array.from({ length: count }, (_, index) => leafHash(`leaf ${index}`));
}

describe('published vectors', () => {
  const leaves = vectors.leaves.map((hex) => leafHash(Buffer.from(hex, 'hex')));

  it('are all here', () => {
    expect(vectors.roots.map(({ size }) => size)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it.each(vectors.roots)('size $size', ({ size, root, frontier }) => {
    const tree = appendLeaves(emptyFrontier, leaves.slice(0, size));
    expect(tree).toEqual({ size, hashes: frontier });
    expect(rootHash(tree)).toBe(root);
  });
});

describe('hashing', () => {
  it('of a string is hashing of its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        return leafHash(text) === leafHash(Buffer.from(text, 'utf8'));
      }),
    );
  });

  it('of a leaf and of a node have different prefixes', () => {
    const left = leafHash('a');
    const right = leafHash('b');
    const asLeaf = leafHash(Buffer.from(left + right, 'hex'));
    expect(nodeHash(left, right)).not.toBe(asLeaf);
    expect(nodeHash(left, right)).not.toBe(nodeHash(right, left));
  });

  it('does not see the rest of a larger buffer', () => {
    const bytes = Buffer.from('xabcx');
    expect(leafHash(bytes.subarray(1, 4))).toBe(leafHash('abc'));
    expect(leafHash(new Uint8Array([97, 98, 99]))).toBe(leafHash('abc'));
  });

  it.each([
    '',
    'ab',
    `${'a'.repeat(63)}g`,
    `g${'a'.repeat(63)}`,
    'A'.repeat(64),
    'é'.repeat(64),
    '世'.repeat(64),
    'a'.repeat(66),
  ])('refuses %j as a hash', (text) => {
    const good = leafHash('a');
    expect(isHash(text)).toBe(false);
    expect(() => nodeHash(text, good)).toThrow(TypeError);
    expect(() => nodeHash(good, text)).toThrow(TypeError);
    expect(() => appendLeaf(emptyFrontier, text)).toThrow(TypeError);
  });
});

describe('the frontier', () => {
  it('has the root that the naive recursion finds, for sizes 0 to 130', () => {
    const leaves = numberedLeaves(130);
    let tree: Frontier = emptyFrontier;
    expect(rootHash(tree)).toBe(emptyRoot);
    for (const [index, leaf] of leaves.entries()) {
      tree = appendLeaf(tree, leaf);
      expect(tree.size).toBe(index + 1);
      expect(rootHash(tree)).toBe(naiveRoot(leaves.slice(0, index + 1)));
    }
  });

  it('does not depend on how leaves are batched', () => {
    const leaves = numberedLeaves(64);
    const whole = appendLeaves(emptyFrontier, leaves);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), (sizes) => {
        let tree: Frontier = emptyFrontier;
        for (const size of sizes)
          tree = appendLeaves(tree, leaves.slice(tree.size, tree.size + size));
        tree = appendLeaves(tree, leaves.slice(tree.size));
        expect(tree).toEqual(whole);
      }),
    );
  });

  it('is a value: appending leaves the old one as it was', () => {
    const before = appendLeaves(emptyFrontier, numberedLeaves(3));
    const copy = structuredClone(before);
    appendLeaf(before, leafHash('x'));
    expect(before).toEqual(copy);
    expect(emptyFrontier).toEqual({ size: 0, hashes: [] });
    expect(Object.isFrozen(emptyFrontier)).toBe(true);
  });

  it('grows past 32-bit sizes', () => {
    const size = 2 ** 40 - 1;
    const tree = frontierOf({ size, hashes: numberedLeaves(40) });
    const grown = appendLeaf(tree, leafHash('x'));
    expect(grown.size).toBe(2 ** 40);
    expect(grown.hashes).toEqual([rootHash({ size: 41, hashes: [...tree.hashes, leafHash('x')] })]);
  });

  it.each([
    { name: 'too few hashes', parts: { size: 3, hashes: numberedLeaves(1) } },
    { name: 'too many hashes', parts: { size: 4, hashes: numberedLeaves(2) } },
    { name: 'no hash', parts: { size: 1, hashes: ['x'] } },
    { name: 'a negative size', parts: { size: -1, hashes: [] } },
    { name: 'a fraction', parts: { size: 0.5, hashes: numberedLeaves(1) } },
    { name: 'a size past 2^53', parts: { size: 2 ** 53, hashes: numberedLeaves(1) } },
  ])('is not made of stored parts with $name', ({ parts }) => {
    expect(() => frontierOf(parts)).toThrow(RangeError);
  });

  it('is made of stored parts that fit, as a copy', () => {
    const parts = { size: 3, hashes: numberedLeaves(2) };
    const tree = frontierOf(parts);
    parts.hashes.pop();
    expect(tree).toEqual({ size: 3, hashes: numberedLeaves(2) });
  });

  it('that lacks a hash cannot be appended to', () => {
    expect(() => appendLeaf({ size: 1, hashes: [] }, leafHash('x'))).toThrow(RangeError);
  });
});
