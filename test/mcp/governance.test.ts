/** What the control plane has for every call holds for calls through the gateway: nothing is the gateway's own. */
import type { CallToolResult, Client, Progress } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { gatewayWith } from './gateway-with.ts';
import { type Liar, lyingStage } from './lying.ts';
import { policyFor, type Stage, textOf } from './stage.ts';

let stage: Stage;
let liar: Liar;

afterEach(() => stage.close());

const echo = (given: Record<string, unknown> = {}, meta: object = {}) => ({
  name: 'liar__echo',
  arguments: given,
  ...meta,
});

function codeOf(result: CallToolResult): unknown {
  const refusal = result._meta?.['agent-control-plane/refusal'] as
    | { readonly code?: unknown }
    | undefined;
  return refusal?.code;
}

async function open(options: Parameters<typeof lyingStage>[0]): Promise<Client> {
  ({ stage, liar } = await lyingStage(options));
  return stage.client();
}

test('a session with a key has one budget, however often a client comes back', async () => {
  const client = await open({ file: { session: { key: 'desk', budget: { actions: 3 } } } });
  await client.callTool(echo());
  await client.callTool(echo());
  await client.close();
  const again = await stage.client();
  expect((await again.callTool(echo())).isError).not.toBe(true);
  expect(codeOf(await again.callTool(echo()))).toBe('budget-exceeded');
  expect(liar.callsOf('echo')).toHaveLength(3);
});

test('a cost by an argument is reserved before the call, and what is above the budget is not sent', async () => {
  const tools = { echo: { estimate: { usd: { argument: 'amount' } } } };
  const file = { session: { key: 'desk', budget: { usd: '50' } } };
  const client = await open({ server: { tools }, file });
  expect((await client.callTool(echo({ amount: '42.00' }))).isError).not.toBe(true);
  expect(codeOf(await client.callTool(echo({ amount: '42.00' })))).toBe('budget-exceeded');
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('a resource by a template is what rules look at', async () => {
  const tools = { echo: { action: 'file.read', resource: 'file/{+path}' } };
  const policy = policyFor(['file.read'], {
    rules: [
      { id: 'no', effect: 'deny', match: { action: 'file.read', resource: 'file/secret/**' } },
    ],
  });
  const client = await open({ server: { tools }, policy });
  expect((await client.callTool(echo({ path: 'open/a' }))).isError).not.toBe(true);
  expect(codeOf(await client.callTool(echo({ path: 'secret/a' })))).toBe('policy-denied');
  expect(codeOf(await client.callTool(echo({ path: 'open/../secret/a' })))).not.toBeUndefined();
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('guidance of a steered call reaches the model', async () => {
  const rules = [
    {
      id: 'other-way',
      effect: 'steer',
      match: { action: 'liar.echo' },
      when: { path: 'arguments.to', equals: 'all' },
      steer: { guidance: 'write to one person', suggest: ['liar.hide'] },
    },
  ];
  const client = await open({ policy: policyFor(['liar.echo', 'liar.hide'], { rules }) });
  const result = await client.callTool(echo({ to: 'all' }));
  expect(codeOf(result)).toBe('policy-steered');
  expect(textOf(result)).toContain('write to one person');
  expect(textOf(result)).toContain('liar.hide');
  expect(liar.calls).toEqual([]);
});

test('an output guardrail withholds a result, and the call counts as made', async () => {
  const guardrails = {
    output: [
      {
        id: 'no-secrets',
        evaluator: 'regex',
        config: { patterns: ['for-nobod[y]'], refuseOn: 'match' },
      },
    ],
  };
  const client = await open({ policy: policyFor(['liar.echo'], { guardrails }) });
  const result = await client.callTool(echo({ a: 'for-nobody' }));
  expect(codeOf(result)).toBe('output-withheld');
  expect(JSON.stringify(result)).not.toContain('for-nobody');
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('what a guardrail takes out is in no part of a result or an error, and the rest is', async () => {
  const guardrails = { output: [{ id: 'secret', evaluator: 'secrets', effect: 'redact' }] };
  const policy = policyFor(['liar.leak', 'liar.fail'], { guardrails });
  const client = await open({ policy, extraTools: ['leak'] });
  const key = `ghp_${'a1'.repeat(18)}`;
  const result = await client.callTool({ name: 'liar__leak', arguments: { what: key } });
  expect(result).toMatchObject({
    content: [
      { type: 'text', text: 'said: [redacted:secret]' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'kept: [redacted:secret]' } },
    ],
    structuredContent: { list: [{ deep: '[redacted:secret]' }], count: 1 },
    _meta: { 'example.com/note': '[redacted:secret]' },
  });
  const failed = await client.callTool({ name: 'liar__fail', arguments: { message: `no ${key}` } });
  expect(textOf(failed)).toContain('no [redacted:secret]');
  expect(JSON.stringify([result, failed])).not.toContain(key);
  expect(await stage.eventsOf('permit-settled')).toMatchObject([
    { outcome: 'succeeded', output: { outcome: 'pass', redacted: 4 } },
    { outcome: 'failed', output: { outcome: 'pass', redacted: 1 } },
  ]);
});

test('a secret that only leaving out hidden characters puts together is taken out', async () => {
  const guardrails = { output: [{ id: 'secret', evaluator: 'secrets', effect: 'redact' }] };
  const client = await open({
    policy: policyFor(['liar.leak'], { guardrails }),
    extraTools: ['leak'],
    file: { results: { hiddenCharacters: 'strip' } },
  });
  const what = `ghp_\u200b${'a1'.repeat(18)}`;
  const result = await client.callTool({ name: 'liar__leak', arguments: { what } });
  expect(textOf(result)).toContain('said: [redacted:secret]');
  expect(JSON.stringify(result)).not.toContain('a1a1');
});

test('arguments that do not fit the pinned schema are not sent', async () => {
  const client = await open({});
  await client.callTool({ name: 'liar__lie', arguments: { how: 'schema' } });
  await client.listTools();
  const definition = stage.plane.tools.get('liar__echo')?.quarantine?.tool.definition ?? '';
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.tools.approve({ tool: 'liar__echo', definition, by });
  expect(codeOf(await client.callTool(echo({ copyTo: 7 })))).toBe('arguments-invalid');
  expect((await client.callTool(echo({ copyTo: 'a' }))).isError).not.toBe(true);
});

test('what an approver edited is what the server gets', async () => {
  const policy = policyFor(['liar.echo'], {
    tiers: {},
    rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }],
  });
  const client = await open({ policy });
  await client.callTool(echo({ amount: '42' }));
  const [ticket] = stage.plane.pendingTickets('acme');
  const by = stage.principal('user:bob', 'approver');
  await stage.plane.approve({ ticket: ticket?.id ?? '', by, edit: { amount: '4' } });
  expect((await client.callTool(echo({ amount: '42' }))).isError).not.toBe(true);
  expect(liar.callsOf('echo').map(({ given }) => given)).toEqual([{ amount: '4' }]);
});

test('an agent that somebody registered stays as it is', async () => {
  const agents = [{ name: 'desk-bot', actions: ['liar.hide'] }];
  const client = await open({ agents });
  expect(codeOf(await client.callTool(echo()))).toBe('agent-not-capable');
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['liar__hide']);
});

test('a suspended agent sees and does nothing from the next request on', async () => {
  const client = await open({});
  expect((await client.listTools()).tools).not.toEqual([]);
  const by = stage.principal('user:root', 'admin');
  const order = { agent: 'desk-bot', org: 'acme', by, reason: 'see the incident' };
  await stage.plane.controlAgent({ ...order, transition: 'suspend' });
  expect((await client.listTools()).tools).toEqual([]);
  expect(codeOf(await client.callTool(echo()))).toBe('agent-disabled');
});

const key = (value: string) => ({ 'agent-control-plane/idempotency-key': value });

describe('after a restart of the gateway, a key that was used runs nothing again', () => {
  const output = (effect: string) => ({
    policy: policyFor(['liar.leak'], {
      guardrails: { output: [{ id: 'keys', evaluator: 'secrets', effect }] },
    }),
  });
  const secret = { what: `ghp_${'a1'.repeat(18)}` };
  const shown = [
    { name: 'echo', given: { amount: '42' }, options: {} },
    { name: 'hide', given: {}, options: { file: { results: { hiddenCharacters: 'strip' } } } },
    { name: 'leak', given: secret, options: output('redact') },
    { name: 'big', given: {}, options: { server: { resultBytesMax: 100_000 } } },
  ];
  test.each(shown)('and gives what $name gave', async ({ name, given, options }) => {
    const { file, ...more } = { file: {}, ...options };
    const extraTools = ['leak'];
    const client = await open({ ...more, extraTools, file: { ...file, session: { key: 'desk' } } });
    const keyed = { name: `liar__${name}`, arguments: given, _meta: key('k-1') };
    const first = await client.callTool(keyed);
    await client.close();
    const again = await stage.client();
    // The second repetition finds what the first one remembered.
    for (const _ of [1, 2]) expect(await again.callTool(keyed)).toEqual(first);
    expect(JSON.stringify(first)).not.toContain(secret.what);
    expect(liar.callsOf(name)).toHaveLength(1);
  });

  test('and gives nothing of what was withheld', async () => {
    const file = { session: { key: 'desk' } };
    const client = await open({ ...output('withhold'), extraTools: ['leak'], file });
    const keyed = { name: 'liar__leak', arguments: secret, _meta: key('k-1') };
    expect(codeOf(await client.callTool(keyed))).toBe('output-withheld');
    await client.close();
    const repeated = await (await stage.client()).callTool(keyed);
    expect(textOf(repeated)).toMatch(/already ran .* and succeeded; it does not run twice/);
    expect(repeated._meta?.['agent-control-plane/refusal']).toMatchObject({ first: 'succeeded' });
    expect(JSON.stringify(repeated)).not.toContain(secret.what);
    expect(liar.callsOf('leak')).toHaveLength(1);
  });

  test('and gives another call under the same key nothing', async () => {
    const client = await open({ file: { session: { key: 'desk' } } });
    await client.callTool({ ...echo({ amount: '42' }), _meta: key('k-1') });
    await client.close();
    const other = await (
      await stage.client()
    ).callTool({
      ...echo({ amount: '43' }),
      _meta: key('k-1'),
    });
    expect(codeOf(other)).toBe('idempotency-mismatch');
    expect(JSON.stringify(other)).not.toContain('42');
  });

  const refused = [
    { name: 'fail', first: 'failed', says: /already ran .* and failed; it does not run twice/ },
    { name: 'die', first: 'unknown', says: /is not known; it does not run twice: find out before/ },
  ];
  test.each(refused)('and says that the first $first', async ({ name, first, says }) => {
    const client = await open({ file: { session: { key: 'desk' } } });
    const keyed = { ...echo(), name: `liar__${name}`, _meta: key('k-1') };
    await client.callTool(keyed);
    await client.close();
    const again = await stage.client();
    const repeated = await again.callTool(keyed);
    expect(repeated.isError).toBe(true);
    expect(textOf(repeated)).toMatch(says);
    expect(repeated._meta?.['agent-control-plane/refusal']).toMatchObject({ first });
    expect(liar.callsOf(name)).toHaveLength(1);
  });

  test('and says so while the first still runs', async () => {
    const client = await open({ file: { session: { key: 'desk' } } });
    const keyed = { ...echo(), name: 'liar__never', _meta: key('k-1') };
    const first = client.callTool(keyed);
    await expect.poll(() => liar.callsOf('never')).toHaveLength(1);
    const other = await stage.client();
    const repeated = await other.callTool(keyed);
    expect(textOf(repeated)).toContain('already runs under this idempotency key');
    expect(repeated._meta?.['agent-control-plane/refusal']).toMatchObject({ first: 'started' });
    expect(liar.callsOf('never')).toHaveLength(1);
    await client.close();
    await first.catch(() => {});
  });
});

test('arguments without a canonical form are refused, and nothing is sent', async () => {
  const client = await open({});
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as Record<string, unknown>;
  expect(codeOf(await client.callTool(echo(deep)))).toBe('arguments-unrepresentable');
  expect(codeOf(await client.callTool(echo({ lone: '\ud800' })))).toBe('arguments-unrepresentable');
  expect(liar.calls).toEqual([]);
});

test('a host’s own tool is not a server’s to take', async () => {
  const tools = [{ name: 'liar__echo', action: 'liar.echo' }];
  const client = await open({ tools });
  expect((await client.callTool(echo())).isError).toBe(true);
  expect(stage.plane.tools.get('liar__echo')?.quarantine).toBeUndefined();
  expect(stage.reports.join('\n')).toContain('is a tool of the host');
  expect(liar.calls).toEqual([]);
});

test('what the host says of a tool is its to change: that asks no operator', async () => {
  const client = await open({ server: { tools: { echo: { estimate: { usd: '1' } } } } });
  await client.listTools();
  const before = stage.plane.tools.get('liar__echo')?.definition;
  const priced = await gatewayWith(stage, {
    liar: liar.server({ tools: { echo: { estimate: { usd: '2' } } } }),
  });
  expect((await priced.client.callTool(echo())).isError).not.toBe(true);
  expect(stage.plane.tools.get('liar__echo')?.definition).not.toBe(before);
  await priced.close();
});

test('the log of all that verifies', async () => {
  const client = await open({});
  await client.callTool(echo());
  await client.callTool({ name: 'liar__nowhere', arguments: {} });
  const store = stage.fleet();
  await store.open('main');
  const { faults } = await verify(store);
  await store.close();
  expect(faults).toEqual([]);
});

test('progress after a question reaches the request that carried the answer', async () => {
  ({ stage, liar } = await lyingStage({ server: { roots: true }, extraTools: ['ask'] }));
  const client = await stage.modernClient({ capabilities: { roots: {} } }, (made) => {
    made.setRequestHandler('roots/list', () => ({ roots: [] }));
  });
  const heard: number[] = [];
  // What the SDK itself counts as progress, its rounds, has no total.
  const onprogress = ({ progress, total }: Progress) => void (total && heard.push(progress));
  const result = await client.callTool({ name: 'liar__ask', arguments: {} }, { onprogress });
  expect(textOf(result)).toBe('asked');
  expect(heard).toContain(2);
  expect(liar.callsOf('ask')).toHaveLength(1);
});
