/**
 * Never guessed: whatever the schema, a condition with an error has no arguments that fit the schema for
 * which it could have come out in more than one way. The engine's own validator says what fits.
 */
import { Validator } from '@cfworker/json-schema';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyDocument } from '../../src/kernel/index.ts';
import { argumentFindings, readPolicy, runPolicyTests } from '../../src/policy/index.ts';

const names = ['a', 'b', 'c'] as const;
const scalars = ['', 'x', 'y', 0, 1, 2.5, true, false, null] as const;
const types = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'] as const;

const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });

const { schema } = fc.letrec<{ schema: object | boolean; plain: object }>((tie) => {
  const schemas = fc.array(tie('schema'), { minLength: 1, maxLength: 2 });
  const properties = fc.dictionary(fc.constantFrom(...names), tie('schema'), { maxKeys: 3 });
  const object = fc.record({
    type: fc.constant('object'),
    properties: optional(properties),
    additionalProperties: optional(fc.oneof(fc.constant(false), tie('schema'))),
    required: optional(fc.subarray([...names])),
  });
  const array = fc.record({
    type: fc.constantFrom('array', ['array', 'null']),
    prefixItems: optional(schemas),
    items: optional(tie('schema')),
  });
  const reference = fc.constantFrom(
    '#',
    '#/$defs/a',
    '#/$defs/b',
    '#/$defs/none',
    'https://x.example/',
  );
  return {
    plain: fc.oneof(
      fc.record({
        type: fc.oneof(fc.constantFrom(...types), fc.subarray([...types], { minLength: 1 })),
      }),
      fc.record({ enum: fc.subarray([...scalars, ['x'], { a: 'x' }], { minLength: 1 }) }),
      fc.record({ const: fc.constantFrom(...scalars) }),
    ),
    schema: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'schema' },
      tie('plain'),
      object,
      array,
      fc.record({ $ref: reference, type: optional(fc.constantFrom(...types)) }),
      fc.record({ anyOf: schemas, type: optional(fc.constantFrom(...types)) }),
      fc.record({ oneOf: schemas }),
      fc.record({ allOf: schemas, properties: optional(properties) }),
      fc.record({ if: tie('schema'), else: optional(tie('schema')), not: optional(tie('schema')) }),
      fc.boolean(),
    ),
  };
});

const root = fc
  .record({
    type: fc.constant('object'),
    properties: fc.dictionary(fc.constantFrom(...names), schema, { minKeys: 1, maxKeys: 3 }),
    additionalProperties: optional(fc.oneof(fc.constant(false), fc.constant(false), schema)),
    $defs: fc.record({ a: schema, b: schema }),
  })
  // As plain data: members that are undefined are not there.
  .map((drawn) => JSON.parse(JSON.stringify(drawn)) as object);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    fc.constantFrom(...scalars),
    fc.constantFrom(...scalars),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
  ),
}));
const callArguments = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 });

/** Each operation on one path, and what it comes to where it does not fail although it has an error. */
interface Atom {
  readonly when: unknown;
  readonly otherwise?: boolean;
}

const at = (path: string): readonly Atom[] => [
  { when: `${path} > 1` },
  { when: `${path} + 1 > 1` },
  { when: `${path} + "x" == "xx"`, otherwise: false },
  { when: `${path}.startsWith("x")` },
  { when: `decimal(${path}) > 1` },
  { when: `size(${path}) > 1` },
  { when: `!${path}` },
  { when: path },
  { when: `${path} == "x"`, otherwise: false },
  { when: `${path} == 1`, otherwise: false },
  { when: `${path} == null`, otherwise: false },
  { when: `${path} != "x"`, otherwise: true },
  { when: `${path} == arguments.b`, otherwise: false },
  { when: `${path} in ["x", 1]`, otherwise: false },
  { when: `"x" in ${path}`, otherwise: false },
  { when: `arguments.c in ${path}`, otherwise: false },
  { when: `"a" in ${path}`, otherwise: false },
  { when: `${path}[0] == "x"`, otherwise: false },
  { when: `${path}["a"] == 1`, otherwise: false },
  { when: `${path}.exists(x, x == "x")`, otherwise: false },
  { when: `${path}.exists(x, x.a == "x")`, otherwise: false },
  { when: `${path}.filter(x, x != "y")[0] == "x"`, otherwise: false },
  { when: `has(${path}.a)`, otherwise: false },
  { when: { path, equals: 'x' }, otherwise: false },
  { when: { path, notEquals: 1 }, otherwise: true },
  { when: { path, in: ['x', 1] }, otherwise: false },
  { when: { path, notIn: ['x', null] }, otherwise: true },
  { when: { path, lessThan: 1 } },
  { when: { path, startsWith: 'x' } },
  { when: { path: `${path}.a`, endsWith: 'x' } },
  { when: { path: `${path}.0`, equals: 'x' }, otherwise: false },
  { when: { path: `${path}.length`, equals: 1 }, otherwise: false },
  { when: { path, exists: true }, otherwise: false },
  { when: { path, exists: false }, otherwise: true },
];

const atoms = ['arguments.a', 'arguments.b', 'arguments.a.b', 'arguments.c.a'].flatMap(at);

function documentOf({ when }: Atom): PolicyDocument {
  const rules = [{ id: 'rule', effect: 'deny', when }];
  const policy = {
    format: 1,
    version: 1,
    actions: { a: {} },
    tiers: { autoApprove: ['a'] },
    rules,
  };
  const read = readPolicy(policy);
  if ('findings' in read) throw new Error(JSON.stringify(read.findings));
  return read.document;
}

const documents = atoms.map((atom) => ({ atom, document: documentOf(atom) }));

/** How the rule's condition comes out; undefined where it fails. */
function outcomeOf(document: PolicyDocument, given: object): boolean | undefined {
  const [result] = runPolicyTests(document, [
    { name: 'call', given: { action: 'a', arguments: given }, expect: { effect: 'deny' } },
  ]);
  const code = result?.verdict.code;
  return code === 'policy-error' ? undefined : code === 'policy-denied';
}

function fitting(drawn: object, calls: readonly object[]): readonly object[] {
  const validator = new Validator(structuredClone(drawn), '2020-12', true);
  return calls.filter((call) => {
    try {
      return validator.validate(call).valid;
    } catch {
      // The engine takes a schema that cannot be evaluated for one that nothing fits.
      return false;
    }
  });
}

test('an error holds for all arguments that fit the schema', () => {
  let held = 0;
  const calls = fc.array(callArguments, { minLength: 20, maxLength: 20 });
  const picked = fc.array(fc.constantFrom(...documents), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(root, calls, picked, (drawn, all, chosen) => {
      const tools = [{ name: 'tool', action: 'a', inputSchema: drawn }];
      const refused = chosen.filter(({ document }) =>
        argumentFindings(document, tools).some(({ severity }) => severity === 'error'),
      );
      const tried = (refused.length === 0 ? [] : fitting(drawn, all)).flatMap((call) =>
        refused.map(({ atom, document }) => ({ atom, call, outcome: outcomeOf(document, call) })),
      );
      held += tried.length;
      const isGuess = ({ atom, outcome }: (typeof tried)[number]): boolean =>
        outcome !== undefined && outcome !== atom.otherwise;
      expect(tried.filter(isGuess)).toEqual([]);
    }),
    { numRuns: 100 },
  );
  // Otherwise the property would say nothing.
  expect(held).toBeGreaterThan(500);
});
