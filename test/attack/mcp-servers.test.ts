/** Attacks on the gateway by servers that never answer, answer garbage, flood, hide things or die. */
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Liar, lyingStage } from '../mcp/lying.ts';
import { policyFor, Stage, textOf } from '../mcp/stage.ts';

let stage: Stage;
let liar: Liar;
let client: Client;

const bounds = { callTimeoutMs: 1_500, messageBytesMax: 1_000_000, resultBytesMax: 100_000 };

beforeEach(async () => {
  ({ stage, liar } = await lyingStage({ server: bounds }));
  client = await stage.client();
});

afterEach(() => stage.close());

function call(name: string, more: { readonly key?: string; readonly signal?: AbortSignal } = {}) {
  const { key, signal } = more;
  return client.callTool(
    {
      name,
      arguments: {},
      ...(key === undefined ? {} : { _meta: { 'agent-control-plane/idempotency-key': key } }),
    },
    signal === undefined ? {} : { signal },
  );
}

function codeOf(result: CallToolResult): unknown {
  const refusal = result._meta?.['agent-control-plane/refusal'] as
    | { readonly code?: unknown }
    | undefined;
  return refusal?.code;
}

async function outcomes(): Promise<unknown[]> {
  return (await stage.eventsOf('permit-settled', 'permit-expired')).map(({ outcome }) => outcome);
}

test('A120: a server that never answers resolves its reservation as unknown, and others go on', async () => {
  const [silent, lively] = await Promise.all([call('liar__never'), call('liar__echo')]);
  expect(codeOf(silent)).toBe('upstream-no-answer');
  expect(textOf(silent)).toContain('not known');
  expect(lively.isError).not.toBe(true);
  expect(await outcomes()).toEqual(expect.arrayContaining(['succeeded', 'unknown']));
});

test('A120: garbage is a failure that the model can read, and the next call works', async () => {
  expect((await call('liar__garbage')).isError).toBe(true);
  expect((await call('liar__echo')).isError).not.toBe(true);
  expect(await outcomes()).toEqual(['unknown', 'succeeded']);
});

test('an error that a server answers with is a failed call', async () => {
  const result = await call('liar__fail');
  expect(textOf(result)).toContain('the disk is full');
  expect(await outcomes()).toEqual(['failed']);
});

test.each(['liar__die', 'liar__flood'])(
  'A120: a server that goes away in a call (%s) is started again, and the call is unknown',
  async (name) => {
    expect((await call(name)).isError).toBe(true);
    expect(await outcomes()).toEqual(['unknown']);
    const back = async (): Promise<void> => {
      for (;;) {
        if ((await call('liar__echo')).isError !== true) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await back();
    expect(liar.callsOf('echo')).toHaveLength(1);
  },
);

test('A120: a dead server hurts no other', async () => {
  const [one, other] = [new Liar(), new Liar()];
  const both = await Stage.open({
    servers: { one: one.server(bounds), other: other.server(bounds) },
    policy: policyFor(['one.die', 'other.echo']),
  });
  const user = await both.client();
  await user.callTool({ name: 'one__die', arguments: {} });
  expect((await user.callTool({ name: 'other__echo', arguments: {} })).isError).not.toBe(true);
  await both.close();
});

test('A120: a server that no longer says what it offers keeps nobody from the others', async () => {
  const [one, other] = [new Liar(), new Liar()];
  const both = await Stage.open({
    servers: { one: one.server(), other: other.server() },
    file: { waits: { listMs: 1_000 } },
    policy: policyFor(['one.lie', 'other.echo']),
  });
  const user = await both.client();
  await user.callTool({ name: 'one__lie', arguments: { how: 'mute' } });
  const { tools } = await user.listTools();
  expect(tools.map(({ name }) => name)).toContain('other__echo');
  expect((await user.callTool({ name: 'other__echo', arguments: {} })).isError).not.toBe(true);
  await both.close();
});

test('A120: what nobody sees in a result is told, and a result is marked as nobody’s word', async () => {
  const result = await call('liar__hide');
  expect(result._meta?.['agent-control-plane/untrusted']).toEqual({
    server: 'liar',
    hidden: ['bidi-controls', 'tag-characters', 'terminal-controls', 'zero-width'],
    stripped: false,
  });
});

test('A120: where the configuration says so, it is left out', async () => {
  const strict = await lyingStage({ file: { results: { hiddenCharacters: 'strip' } } });
  const user = await strict.stage.client();
  const result = await user.callTool({ name: 'liar__hide', arguments: {} });
  expect(textOf(result)).toBe('ab[31mred ');
  await strict.stage.close();
});

test('A120: a result above its size is not passed on, and the call counts as made', async () => {
  const result = await call('liar__big');
  expect(codeOf(result)).toBe('result-too-large');
  expect(await outcomes()).toEqual(['succeeded']);
});

test('A119: the same call under the same key runs once, and is answered as the first', async () => {
  const [first, second] = await Promise.all([
    call('liar__echo', { key: 'k1' }),
    call('liar__echo', { key: 'k1' }),
  ]);
  const third = await call('liar__echo', { key: 'k1' });
  expect(textOf(second)).toBe(textOf(first));
  expect(textOf(third)).toBe(textOf(first));
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('A119: a key that was used for another call is refused', async () => {
  await call('liar__echo', { key: 'k1' });
  expect(codeOf(await call('liar__hide', { key: 'k1' }))).toBe('idempotency-mismatch');
  expect(liar.callsOf('hide')).toEqual([]);
});

test('A119: a client that gives up has its call stopped, recorded as unknown, and not run again', async () => {
  const giving = new AbortController();
  const given = call('liar__never', { key: 'k2', signal: giving.signal });
  await expect.poll(() => liar.callsOf('never').length).toBe(1);
  giving.abort();
  await expect(given).rejects.toThrow(/abort/i);
  await expect.poll(outcomes).toEqual(['unknown']);
  expect((await call('liar__never', { key: 'k2' })).isError).toBe(true);
  expect(liar.callsOf('never')).toHaveLength(1);
});

test('A119: a client that goes away in a call leaves nothing open', async () => {
  const given = call('liar__never').catch(() => 'gone');
  await expect.poll(() => liar.callsOf('never').length).toBe(1);
  await client.close();
  await given;
  await expect.poll(outcomes).toEqual(['unknown']);
});

test('the kill switch stops a call that runs, and every one after it', async () => {
  const running = call('liar__never');
  await expect.poll(() => liar.callsOf('never').length).toBe(1);
  const by = stage.principal('user:olga', 'operator');
  await stage.plane.kill({ scope: { kind: 'org', org: 'acme' }, by, reason: 'an incident' });
  expect(codeOf(await running)).toBe('killed');
  expect(codeOf(await call('liar__echo'))).toBe('killed');
  expect((await client.listTools()).tools).toEqual([]);
});

test.each([
  ['a line for a shell', 'npx -y server; rm -rf ~'],
  ['a program with a semicolon', ['node;rm', 'x']],
  ['a program with a substitution', ['$(id)']],
  ['a program with a pipe', ['node|sh']],
  ['no program', []],
])('A121: %s is refused before anything is started', (_, command) => {
  const file = {
    format: 1,
    principal: { id: 'user:ada', org: 'acme' },
    agent: 'bot',
    servers: { bad: { command } },
  };
  expect(() => readGatewayFile(file, {})).toThrow(/servers\.bad\.command/);
});

test('A121: a program that is not the pinned one is not started', async () => {
  const other = new Liar();
  const wrong = await Stage.open({
    servers: { liar: other.server({ sha256: '0'.repeat(64) }) },
    policy: policyFor(['liar.echo']),
  });
  const user = await wrong.client();
  expect((await user.listTools()).tools).toEqual([]);
  expect(wrong.reports.join('\n')).toContain('not the program that was pinned');
  await wrong.close();
});

test('A121: words of a shell in arguments are just arguments', async () => {
  const words = new Liar();
  const quiet = await Stage.open({
    servers: { liar: words.server({}, '$(touch stolen); rm -rf .') },
    policy: policyFor(['liar.echo']),
  });
  const user = await quiet.client();
  expect((await user.callTool({ name: 'liar__echo', arguments: {} })).isError).not.toBe(true);
  await quiet.close();
});
