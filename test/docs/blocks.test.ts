/** Blocks of documents that whoever reads them copies: they run as printed. */
import { readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import * as root from '../../src/index.ts';
import { readPolicy } from '../../src/policy/index.ts';
import { readYaml } from '../../src/policy/yaml-text.ts';
import { codeBlocks, read, root as repository } from './documents.ts';

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

test('options of a call may be undefined by their types, as code for other SDKs hands them on', () => {
  const handedOn = (id?: string, signal?: AbortSignal): root.CallOptions => ({
    idempotencyKey: id,
    signal,
    estimate: undefined,
    waitForApproval: undefined,
  });
  expect(handedOn()).toEqual({});
});

test('the role and the rule of docs/identity.md are a policy as printed', () => {
  const text = readYaml(block('identity', 'yaml', 'refund-desk'), { file: 'identity' });
  if (!('value' in text)) throw new Error('it is no YAML');
  const base = { format: 1, version: 1, actions: { 'order.refund': {} } };
  expect(readPolicy({ ...base, ...(text.value as object) })).not.toHaveProperty('findings');
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

/** The options that a call names as known when it is given another one. */
async function knownOptions(call: (options: never) => Promise<unknown>): Promise<string[]> {
  const failure: unknown = await call({ misspelt: 1 } as never).catch((caught: unknown) => caught);
  const [, known = ''] = /known are (.*)$/.exec(String(failure)) ?? [];
  return [...known.matchAll(/`([A-Za-z]+)`/g)].map(([, name = '']) => name);
}

test('each option of openControlPlane and openSession has its row in docs/tools.md', async () => {
  const plane = await openControlPlane({ storage: memory() });
  const options = [
    ...(await knownOptions(openControlPlane)),
    ...(await knownOptions((given) => plane.openSession(given))),
  ];
  await plane.close();
  expect(options).toContain('handoff');
  const rows = read('docs/tools.md').matchAll(/^\| ((?:`[A-Za-z]+`(?:, )?)+) \|/gm);
  const named = new Set(
    [...rows].flatMap(([, names = '']) => names.replaceAll('`', '').split(', ')),
  );
  expect(options.filter((option) => !named.has(option))).toEqual([]);
});

const pages = readdirSync(join(repository, 'docs')).filter((name) => name.endsWith('.md'));

test.each(['README.md', ...pages.map((name) => `docs/${name}`)])(
  'each block of %s that says it is TypeScript can be read as such',
  (page) => {
    for (const code of codeBlocks(page, 'ts'))
      expect(() => stripTypeScriptTypes(code)).not.toThrow();
  },
);

/** What the code of a block makes of the stand-ins that it is given. */
function governedBy(sdk: string, given: Readonly<Record<string, unknown>>): unknown {
  const shared = block('tools', 'ts', 'const key =');
  const code = stripTypeScriptTypes(shared + block('tools', 'ts', `// ${sdk}`));
  const names = Object.keys(given).join(', ');
  const make: unknown = runInThisContext(`(({ ${names} }) => { ${code}\n return governed; })`);
  return (make as (stands: object) => unknown)(given);
}

type Code = (...given: readonly unknown[]) => Promise<unknown>;
const call = { orderId: 'o-1', amount: '1.00' };
const own = (options: unknown) => options;

test.each([
  [
    '@openai/agents',
    { tool: own },
    (made: { execute: Code }, id: string) => made.execute(call, {}, { toolCall: { callId: id } }),
  ],
  ['langchain', { tool: own }, (made: Code, id: string) => made(call, { toolCall: { id } })],
  [
    '@mastra/core',
    { createTool: own },
    (made: { execute: Code }, id: string) => made.execute(call, { agent: { toolCallId: id } }),
  ],
  [
    '@anthropic-ai/claude-agent-sdk',
    { tool: (_name: string, _text: string, _shape: object, code: Code) => code },
    (made: Code, id: string) => made(call, { _meta: { 'claudecode/toolUseId': id } }),
  ],
] as const)(
  'the tool of docs/tools.md for %s runs once under the id of its call',
  async (...row) => {
    const [sdk, stands, run] = row;
    let runs = 0;
    const refundTool = {
      name: 'refund',
      action: 'order.refund',
      execute: () => String((runs += 1)),
    };
    const actions = { 'order.refund': {} };
    const policy = { format: 1, version: 1, actions, tiers: { unrestricted: ['order.*'] } };
    const plane = await openControlPlane({
      storage: memory(),
      policy,
      agents: ['desk'],
      tools: [refundTool],
    });
    const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'desk' });
    const z = { object: (shape: object) => ({ shape }), string: () => 'text' };
    const given = { ...stands, session, refundTool, guard, ActionRefused, z };
    const made = governedBy(sdk, given);
    const again = run as (made: unknown, id: string) => Promise<unknown>;
    await again(made, 'call-1');
    const refusal: unknown = await again(made, 'call-1').catch((caught: unknown) => caught);
    expect(ActionRefused.is(refusal) && refusal.code).toBe('permit-not-startable');
    expect(runs).toBe(1);
    await again(made, 'call-2');
    expect(runs).toBe(2);
    // Another conversation of the same principal may have calls of the same ids.
    const other = await plane.openSession({ principal, agent: 'desk' });
    await again(governedBy(sdk, { ...given, session: other }), 'call-1');
    expect(runs).toBe(3);
    await plane.close();
  },
);
