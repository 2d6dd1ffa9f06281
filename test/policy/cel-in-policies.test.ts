/** CEL in policies, as people write it: in files, in objects, and through a control plane. */
import { describe, expect, test } from 'vitest';
import { memory, openControlPlane } from '../../src/index.ts';
import { explainPolicy, readPolicy, readPolicyText } from '../../src/policy/index.ts';
import { verdictOn } from '../../src/policy/policy-request.ts';

const base = {
  format: 1,
  version: 1,
  actions: { 'order.refund': {} },
  tiers: { unrestricted: ['**'] },
};
const withWhen = (when: unknown): unknown => ({
  ...base,
  rules: [{ id: 'cap', effect: 'deny', when }],
});

function effectFor(when: unknown, amount: unknown): string {
  const read = readPolicy(withWhen(when));
  if ('findings' in read) return JSON.stringify(read.findings);
  return verdictOn(read.document, { action: 'order.refund', arguments: { amount } }).effect;
}

describe('a CEL text decides', () => {
  test.each([
    ['as the whole condition', 'arguments.amount > 500'],
    ['in a tree', { all: [{ cel: 'arguments.amount > 500' }, { cel: 'agent == "agent"' }] }],
    ['under not', { not: { cel: 'arguments.amount <= 500' } }],
  ])('%s', (_, when) => {
    expect([effectFor(when, 500), effectFor(when, 501)]).toEqual(['allow', 'deny']);
  });
});

test('the log gets expressions and no text', () => {
  const read = readPolicy(withWhen({ any: [{ cel: 'arguments.amount > 500' }] }));
  expect(JSON.stringify(read)).toContain('"expression":{"op"');
  expect(JSON.stringify(read)).not.toContain('cel');
});

test('what is wrong in a text is found at its characters', () => {
  const lines = ['format: 1', 'version: 1', 'actions: { a: {} }', 'tiers: { unrestricted: [a] }'];
  const rule = ['rules:', '  - id: r', '    effect: deny', '    when: "arguments.a > 5 &&& true"'];
  const read = readPolicyText([...lines, ...rule].join('\n'), { file: 'p' });
  const [finding] = 'findings' in read ? read.findings : [];
  expect(finding).toMatchObject({ code: 'expression-syntax', path: 'rules[0].when', line: 8 });
  expect(finding?.column).toBeGreaterThan(11);
});

test('what the kernel finds in an expression is about the text that it came from', () => {
  const read = readPolicy(withWhen({ all: [{ cel: 'resource > 5' }] }));
  expect('findings' in read && read.findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'condition-type rules[0].when.all[0]',
  ]);
});

test('a constant text is refused by lint', () => {
  const read = readPolicy(withWhen('1 < 2'));
  const codes = 'findings' in read ? read.findings.map(({ code }) => code) : [];
  expect(codes).toEqual(['constant-condition']);
});

test('explain shows what an expression read, and what would alter the outcome', () => {
  const read = readPolicy(withWhen('arguments.amount > 500'));
  if ('findings' in read) throw new Error(JSON.stringify(read.findings));
  const request = { action: 'order.refund', arguments: { amount: 20 } };
  const { rules, changes } = explainPolicy(read.document, request);
  expect(rules).toMatchObject([
    { id: 'cap', outcome: 'false', values: [{ path: 'arguments.amount', value: 20 }] },
  ]);
  const shown = changes.map(({ to, verdict }) => [to, verdict.code]);
  expect(shown).toContainEqual([{ value: 501 }, 'policy-denied']);
});

describe('through a control plane', () => {
  test('an object with CEL is activated, and holds expressions', async () => {
    const policy = withWhen('arguments.amount > 500');
    const plane = await openControlPlane({ storage: memory(), policy });
    const same = await plane.activatePolicy(policy);
    expect(JSON.stringify(same.document)).toContain('"expression"');
    await plane.close();
  });

  test('a text that cannot be read is refused with what is wrong, and the refusal is recorded', async () => {
    const plane = await openControlPlane({ storage: memory(), policy: withWhen('risk == "low"') });
    const changed = { ...(withWhen('arguments.amount >') as object), version: 2 };
    await expect(plane.activatePolicy(changed)).rejects.toMatchObject({
      code: 'policy-invalid',
      message: expect.stringContaining('expression-syntax: `rules[0].when`') as string,
    });
    const types: string[] = [];
    for await (const { type } of plane.events()) types.push(type);
    expect(types.at(-1)).toBe('command-rejected');
    await plane.close();
  });
});
