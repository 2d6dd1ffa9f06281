/** Leaves of canonical texts: all of them, in order, each with a path of its own. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../log/index.ts';
import { argumentLeaves } from './argument-leaves.ts';

test('leaves come in canonical order, with their kinds, and numbers as they are written', () => {
  const text = canonicalJson({
    10: 'ten',
    9: true,
    a: { b: [1e21, -0, 0.1], 'b c': null, 'q"\\': {} },
    z: [],
  });
  expect(argumentLeaves(text)).toEqual([
    { path: '$["10"]', kind: 'text', value: 'ten' },
    { path: '$["9"]', kind: 'boolean', value: 'true' },
    { path: '$.a.b[0]', kind: 'number', value: '1e+21' },
    { path: '$.a.b[1]', kind: 'number', value: '0' },
    { path: '$.a.b[2]', kind: 'number', value: '0.1' },
    { path: '$.a["b c"]', kind: 'null', value: 'null' },
    { path: String.raw`$.a["q\"\\"]`, kind: 'empty-object', value: '{}' },
    { path: '$.z', kind: 'empty-array', value: '[]' },
  ]);
});

test('a value without members is a leaf by itself', () => {
  expect(argumentLeaves('"x"')).toEqual([{ path: '$', kind: 'text', value: 'x' }]);
  expect(argumentLeaves('{}')).toEqual([{ path: '$', kind: 'empty-object', value: '{}' }]);
});

test('what is not canonical is not read', () => {
  const texts = [
    '',
    '{',
    '{"a": 1}',
    '{"b":1,"a":2}',
    '1.0',
    '12345678901234567890',
    '{"a":1,"a":1}',
  ];
  for (const text of [...texts, '{"__proto__":1}', String.raw`"\u0041"`, '"\ud800"']) {
    expect([text, argumentLeaves(text)]).toEqual([text, undefined]);
  }
});

test('paths that are far longer than the arguments are not written', () => {
  const long = 'n'.repeat(10_000);
  const leafCount = (count: number) =>
    argumentLeaves(canonicalJson({ [long]: Array(count).fill(0) }));
  expect(leafCount(90)).toHaveLength(90);
  expect(leafCount(110)).toBeUndefined();
});

test('no two leaves have the same path', () => {
  const names = fc.constantFrom('a', 'b', 'a.b', 'a"]["b', '0', '[0]', '\\', '"', '');
  const values = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(1),
      fc.dictionary(names, tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(values, (value) => {
      const paths = (argumentLeaves(canonicalJson(value)) ?? []).map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
    }),
  );
});
