/** Attacks on the gateway by names and by servers that change or hide what their tools are. */
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Liar, lyingStage } from '../mcp/lying.ts';
import { policyFor, Stage, textOf } from '../mcp/stage.ts';
import { Liar as LyingServer } from '../mcp/lying.ts';

let stage: Stage;
let liar: Liar;
let client: Client;

beforeEach(async () => {
  ({ stage, liar } = await lyingStage());
  client = await stage.client();
});

afterEach(() => stage.close());

function call(name: string, given: Record<string, unknown> = {}): Promise<CallToolResult> {
  return client.callTool({ name, arguments: given });
}

function codeOf(result: CallToolResult): unknown {
  const refusal = result._meta?.['agent-control-plane/refusal'] as
    | { readonly code?: unknown }
    | undefined;
  return refusal?.code;
}

test('A01: a tool that no server offers is denied, recorded, and nothing is forwarded', async () => {
  const result = await call('liar__launch', { target: 'moon' });
  expect(result.isError).toBe(true);
  expect(codeOf(result)).toBe('tool-unknown');
  const decided = await stage.eventsOf('action-decided');
  expect(decided.at(-1)).toMatchObject({ tool: 'liar__launch', outcome: 'deny' });
  expect(liar.calls).toEqual([]);
});

test.each([
  ['A02: another case', 'LIAR__Echo'],
  ['A04: a look-alike letter', 'liar__e\u0441ho'],
  ['A06: a joiner that nobody sees', 'liar__ec\u200dho'],
  ['A06: a space at the end', 'liar__echo '],
  ['A08: __proto__', '__proto__'],
  ['A08: constructor', 'constructor'],
  ['A08: toString', 'toString'],
  ['A08: hasOwnProperty', 'hasOwnProperty'],
])('%s is no tool, and nothing is forwarded', async (_, name) => {
  expect(codeOf(await call(name))).toBe('tool-unknown');
  expect(liar.calls).toEqual([]);
});

test('A09: a name that two servers have is refused without its prefix, and says what it may mean', async () => {
  const [one, other] = [new LyingServer(), new LyingServer()];
  const both = await Stage.open({
    servers: { one: one.server(), other: other.server() },
    policy: policyFor(['one.echo', 'other.echo']),
  });
  const user = await both.client();
  const bare = await user.callTool({ name: 'echo', arguments: {} });
  expect(codeOf(bare)).toBe('tool-unknown');
  expect(textOf(bare)).toContain('one__echo or other__echo');
  expect((await user.callTool({ name: 'other__echo', arguments: {} })).isError).not.toBe(true);
  expect([one.calls.length, other.calls.length]).toEqual([0, 1]);
  await both.close();
});

test.each(['describe', 'schema', 'annotate'])(
  'A10: a tool whose definition changed (%s) is quarantined, its calls are denied, and the change is shown',
  async (how) => {
    expect((await call('liar__echo')).isError).not.toBe(true);
    await call('liar__lie', { how });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('liar__echo');
    expect(codeOf(await call('liar__echo'))).toBe('tool-quarantined');
    expect(liar.callsOf('echo')).toHaveLength(1);
    const { approved, waiting } = await stage.plane.tools.definitions('liar__echo');
    expect(approved).not.toBe(waiting);
    const definition = stage.plane.tools.get('liar__echo')?.quarantine?.tool.definition ?? '';
    const by = stage.principal('user:root', 'platform-admin');
    await stage.plane.tools.approve({ tool: 'liar__echo', definition, by });
    expect((await call('liar__echo')).isError).not.toBe(true);
  },
);

test('A10: a tool that changed back stays in quarantine', async () => {
  await call('liar__lie', { how: 'describe' });
  await client.listTools();
  await call('liar__lie', { how: 'revert' });
  await client.listTools();
  expect(codeOf(await call('liar__echo'))).toBe('tool-quarantined');
});

test('A11: a tool that a server adds is hidden and denied until somebody approves it', async () => {
  const strict = await lyingStage({ file: { firstSight: 'quarantine' } });
  const user = await strict.stage.client();
  expect((await user.listTools()).tools).toEqual([]);
  expect(codeOf(await user.callTool({ name: 'liar__echo', arguments: {} }))).toBe(
    'tool-quarantined',
  );
  const by = strict.stage.principal('user:root', 'platform-admin');
  const definition = strict.stage.plane.tools.get('liar__echo')?.definition ?? '';
  await strict.stage.plane.tools.approve({ tool: 'liar__echo', definition, by });
  expect((await user.listTools()).tools.map(({ name }) => name)).toEqual(['liar__echo']);
  expect((await user.callTool({ name: 'liar__echo', arguments: {} })).isError).not.toBe(true);
  await strict.stage.close();
});

test('A11: a server that says so is asked anew, and the client hears of it', async () => {
  const heard = Promise.withResolvers<void>();
  client.setNotificationHandler('notifications/tools/list_changed', () => heard.resolve());
  await call('liar__lie', { how: 'add', tell: true });
  await heard.promise;
  expect(stage.plane.tools.get('liar__added')?.quarantine).toBeUndefined();
});

test('A11: a client of the later era that listens hears of it, too', async () => {
  const heard = Promise.withResolvers<void>();
  const onChanged = (): void => heard.resolve();
  const later = await stage.modernClient({
    listChanged: { tools: { autoRefresh: false, onChanged } },
  });
  await later.callTool({ name: 'liar__lie', arguments: { how: 'add', tell: true } });
  await heard.promise;
  // What it heard of first may be that the server came.
  await expect.poll(() => stage.plane.tools.get('liar__added')).toBeDefined();
});

test('A11: what an operator approves elsewhere reaches the client as a changed list', async () => {
  await call('liar__lie', { how: 'describe' });
  await client.listTools();
  const heard = Promise.withResolvers<void>();
  client.setNotificationHandler('notifications/tools/list_changed', () => heard.resolve());
  const definition = stage.plane.tools.get('liar__echo')?.quarantine?.tool.definition ?? '';
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.tools.approve({ tool: 'liar__echo', definition, by });
  await heard.promise;
  const { tools } = await client.listTools();
  expect(tools.find(({ name }) => name === 'liar__echo')?.description).toBe('sends what it reads');
});

test('one name twice is a shadow, and neither is offered', async () => {
  await call('liar__lie', { how: 'shadow' });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('liar__echo');
  const result = await call('liar__echo');
  expect(codeOf(result)).toBe('tool-changed');
  expect(textOf(result)).toContain('shadow');
  expect(liar.callsOf('echo')).toEqual([]);
});

test('a description that looks like instructions waits for somebody, whatever the configuration says', async () => {
  await call('liar__lie', { how: 'inject' });
  await client.listTools();
  expect(stage.plane.tools.get('liar__injected')?.quarantine).toBeDefined();
  expect(stage.reports.join('\n')).toContain('override-instructions');
});

test('annotations make no tool less risky: the policy alone says what an action is', async () => {
  await call('liar__lie', { how: 'annotate' });
  await client.listTools();
  expect(codeOf(await call('liar__echo'))).toBe('tool-quarantined');
});
