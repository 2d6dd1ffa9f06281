/** Blocks of documents that whoever reads them copies: they run as printed. */
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import * as root from '../../src/index.ts';
import { readPolicy } from '../../src/policy/index.ts';
import { readYaml } from '../../src/policy/yaml-text.ts';
import { codeBlocks } from './documents.ts';

const { ActionRefused, guard, memory, openControlPlane } = root;

/** The first block of a page that holds a text. */
function block(page: string, language: string, holds: string): string {
  const found = codeBlocks(`docs/${page}.md`, language).find((each) => each.includes(holds));
  if (found === undefined) throw new Error(`${page} has no block with ${holds}`);
  return found;
}

test('the agent of docs/agents.md is registered as printed, and its conditions hold', async () => {
  const tool = {
    name: 'refund',
    action: 'order.refund',
    resource: 'order/{id}',
    execute: ({ amount }: { readonly id: string; readonly amount: string }) => amount,
  };
  const actions = { 'order.refund': {}, 'order.read': {} };
  const policy = { format: 1, version: 1, actions, tiers: { unrestricted: ['order.*'] } };
  const plane = await openControlPlane({ storage: memory(), policy, tools: [tool] });
  const printed = block('agents', 'ts', 'registerAgent');
  const run = runInThisContext(`(async (plane) => { ${printed} })`) as (
    given: object,
  ) => Promise<void>;
  await run(plane);
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'refund-bot' });
  const refund = guard(session, tool);
  expect(await refund({ id: 'eu-1', amount: '50.00' })).toBe('50.00');
  const codes = [];
  for (const call of [
    { id: 'eu-1', amount: '50.01' },
    { id: 'us-1', amount: '1' },
  ]) {
    const failure: unknown = await refund(call).catch((caught: unknown) => caught);
    codes.push(ActionRefused.is(failure) && failure.code);
  }
  expect(codes).toEqual(['agent-not-capable', 'agent-not-capable']);
  await plane.close();
});

test('capabilities, delegations and grants may have CEL in their types', () => {
  const declared: root.AgentDeclaration = {
    name: 'bot',
    capabilities: [
      { actions: ['a'], when: 'decimal(arguments.amount) <= 50' },
      { actions: ['b'], when: { any: [{ cel: 'has(arguments.note)' }] } },
    ],
  };
  expect(declared.capabilities).toHaveLength(2);
});

test('the role and the rule of docs/identity.md are a policy as printed', () => {
  const read = readYaml(block('identity', 'yaml', 'refund-desk'), { file: 'identity' });
  if (!('value' in read)) throw new Error('it is no YAML');
  const base = { format: 1, version: 1, actions: { 'order.refund': {} } };
  expect(readPolicy({ ...base, ...(read.value as object) })).not.toHaveProperty('findings');
});

test.each(['approvals', 'evaluators', 'agents', 'kill-switch', 'models'])(
  'what docs/%s.md takes from the package is there',
  (page) => {
    const imports = /import \{([^}]*)\} from '([^']*)'/g;
    const code = codeBlocks(`docs/${page}.md`, 'ts').join('\n');
    const named = [...code.matchAll(imports)].flatMap(([, names = '', from]) => {
      expect(from).toMatch(/^agent-control-plane(?:\/[a-z-]+)?$/);
      return from === 'agent-control-plane' ? names.split(',') : [];
    });
    for (const name of named) expect(root).toHaveProperty(name.trim());
    // Called without an import, as everything else on these pages that is a function of the package.
    const called = [...code.matchAll(/(?<![.\w])(approvalCard|cardText|callModel|define\w+)\(/g)];
    for (const [, name = ''] of called) expect(root).toHaveProperty(name);
  },
);
