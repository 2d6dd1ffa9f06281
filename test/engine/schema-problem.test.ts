/** What a call is told of arguments that do not fit: where, by which keyword, what is asked for, and no value. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { schemaFact } from '../../src/engine/tools/schema-fact.ts';
import { guard, memory, openControlPlane } from '../../src/index.ts';

const inputSchema = {
  type: 'object',
  properties: {
    count: { type: 'number', minimum: 3 },
    lines: {
      type: 'array',
      items: { type: 'object', required: ['sku'], properties: { sku: { enum: ['a', 'b'] } } },
    },
    either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
    code: { $ref: '#/$defs/code' },
    mixed: { type: ['string', 'null'] },
  },
  required: ['count'],
  additionalProperties: false,
  $defs: { code: { allOf: [{ type: 'string' }, { minLength: 3 }] } },
};
const tool = bindTool({ name: 'order', action: 'order.place', inputSchema });
const problemOf = (value: unknown): string | undefined => schemaFact(tool, value)?.problem;

test.each([
  [{}, 'required at #: `count` is missing'],
  [{ count: 'x' }, 'type at #/count: it is string, and has to be number'],
  [{ count: 1 }, 'minimum at #/count'],
  [{ count: 5, lines: [{}] }, 'required at #/lines/0: `sku` is missing'],
  [{ count: 5, lines: [{ sku: 'a' }, { sku: 'z' }] }, 'enum at #/lines/1/sku'],
  [{ count: 5, either: true }, 'anyOf at #/either'],
  [{ count: 5, mixed: 1 }, 'type at #/mixed: it is number, and has to be string or null'],
  [{ count: 5, other: 1 }, 'additionalProperties at #/other'],
  [{ count: 5, code: 7 }, 'type at #/code: it is number, and has to be string'],
  [{ count: 5, code: 'a' }, 'minLength at #/code'],
])('of %j the place that does not fit is told, and what it lacks', (value, problem) => {
  expect(problemOf(value)).toBe(`the arguments do not fit the schema: ${problem}`);
});

test('a call is refused with the place that does not fit', async () => {
  const order = { name: 'order', action: 'order.place', inputSchema };
  const policy = {
    format: 1,
    version: 1,
    actions: { 'order.place': {} },
    tiers: { unrestricted: ['order.place'] },
  };
  const options = { storage: memory(), policy, agents: ['bot'], tools: [order] };
  const plane = await openControlPlane(options);
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const call = guard(session, { ...order, execute: () => 'placed' })({ count: 1 });
  await expect(call).rejects.toMatchObject({
    code: 'arguments-invalid',
    message: expect.stringContaining('minimum at #/count') as string,
  });
  await plane.close();
});

test('of arguments that fit nothing is told', () => {
  expect(schemaFact(tool, { count: 5, code: 'abc' })).toMatchObject({ valid: true, problem: '' });
});

test('whatever a member is called, a problem is short, whole text, and without its value', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.constantFrom('😀'.repeat(300), `a${'😀'.repeat(300)}`),
  );
  const told = fc.property(name, (member) => {
    fc.pre(member !== '__proto__');
    const problem = problemOf({ count: 5, [member]: 'the-value' }) ?? '';
    expect(problem.length).toBeLessThan(400);
    expect(problem.isWellFormed()).toBe(true);
    expect(problem).not.toContain('the-value');
  });
  fc.assert(told, { numRuns: 300 });
});

test.each(['😀'.repeat(300), `a${'😀'.repeat(300)}`])(
  'a member that is missing is named in whole characters, however long its name is',
  (name) => {
    const bound = bindTool({ name: 'a', action: 'a.b', inputSchema: { required: [name] } });
    expect(schemaFact(bound, {})?.problem).toMatch(/required at #: `a?(?:😀)+\ufffd?$/u);
  },
);

/** Each level asks twice for the one below: 2^levels checks of the least arguments there are. */
function doubling(levels: number): object {
  const below = (at: number) => ({ $ref: `#/$defs/level${at}` });
  const $defs: Record<string, object> = { level0: { type: 'object' } };
  for (let at = 0; at < levels; at += 1)
    $defs[`level${at + 1}`] = { allOf: [below(at), below(at)] };
  return { $defs, ...below(levels) };
}

const properties = { text: { type: 'string', pattern: '^(a+)+$' } };

test.each<[string, object, unknown]>([
  ['levels that each ask twice for the one below', doubling(23), {}],
  [
    'a pattern that goes back and back',
    { type: 'object', properties },
    { text: `${'a'.repeat(30)}!` },
  ],
])('a schema with %s is not looked into for ever: the call is refused', (_, schema, given) => {
  const slow = bindTool({ name: 'order', action: 'order.place', inputSchema: schema });
  expect(schemaFact(slow, given)).toMatchObject({
    valid: false,
    problem: 'the tool’s schema could not be evaluated',
  });
});

test('whatever the schema of somebody else has in it, it is not looked into for ever', () => {
  const many = Array.from({ length: 2_000 }, () => ({ items: { not: { const: 'x' } } }));
  const declaration = { name: 'order', action: 'order.place', inputSchema: { allOf: many } };
  const rows = Array.from({ length: 9_000 }, (_, at) => at);
  const foreign = bindTool({ ...declaration, foreign: {} });
  expect(schemaFact(foreign, rows)).toMatchObject({ valid: false });
});
