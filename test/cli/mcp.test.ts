/** `mcp`: the gateway as a client starts it, what it pinned, and clients that do without it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { signed, signingKey } from '../identity/issuer.ts';
import { initialize } from '../mcp/http-stage.ts';
import { Liar } from '../mcp/lying.ts';
import { realServer } from '../mcp/real-servers.ts';
import { policyFor, temporaryFolder, textOf } from '../mcp/stage.ts';
import { program } from '../programs.ts';
import { cli, jsonLines } from './run-cli.ts';

const main = program('cli');

function written(folder: string, name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

interface Started {
  readonly client: Client;
  readonly told: () => string;
}

/** A client that starts the gateway as its configuration says, in a process of its own. */
async function started(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: ClientOptions = {},
): Promise<Started> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, 'mcp', ...words],
    env: { ...env },
    stderr: 'pipe',
  });
  let told = '';
  transport.stderr?.on('data', (chunk: unknown) => {
    told += String(chunk);
  });
  const client = new Client({ name: 'test', version: '1' }, options);
  await client.connect(transport);
  return { client, told: () => told };
}

const asRoot = ['--as', 'acme/user:root', '--as-role', 'platform-admin'];

test('one line in front of a server governs its calls, and leaves a log beside the policy', async () => {
  const folder = temporaryFolder();
  const memory = join(folder, 'memory.jsonl');
  const policy = written(folder, 'policy.json', {
    format: 1,
    version: 1,
    actions: { 'mcp.read_graph': {}, 'mcp.create_entities': { risk: 'high' } },
    tiers: { autoApprove: ['mcp.read_graph'], alwaysApprove: ['mcp.create_entities'] },
  });
  const { client, told } = await started(
    ['--policy', policy, '--env', 'MEMORY_FILE_PATH', '--', ...realServer('memory')],
    { MEMORY_FILE_PATH: memory },
  );
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['create_entities', 'read_graph']);
  const read = await client.callTool({ name: 'read_graph', arguments: {} });
  expect(read.structuredContent).toEqual({ entities: [], relations: [] });
  const entities = [{ name: 'Ada', entityType: 'person', observations: ['writes'] }];
  const call = { name: 'create_entities', arguments: { entities } };
  const held = await client.callTool(call);
  expect(textOf(held)).toContain('approval-required');
  const db = join(folder, 'policy.db');
  const tickets = await cli('tickets', 'list', db, '--json');
  const { id } = JSON.parse(tickets.stdout.split('\n')[0] ?? '') as { readonly id: string };
  const approver = ['--as', 'local/user:boss', '--as-role', 'approver'];
  expect((await cli('tickets', 'approve', db, id, '--yes', ...approver)).code).toBe(0);
  await expect.poll(async () => (await client.callTool(call)).isError ?? false).toBe(false);
  expect(readFileSync(memory, 'utf8')).toContain('Ada');
  expect(told()).toContain(db);
  await client.close();
  expect((await cli('verify', db)).code).toBe(0);
  expect((await cli('sessions', 'list', db)).stdout).toContain('completed');
}, 60_000);

test('over standard input and output, a client of 2026-07-28 hears of the resource that it listens to', async () => {
  const folder = temporaryFolder();
  const policy = written(folder, 'policy.json', policyFor(['mcp.touch']));
  const server = program('resource-server');
  const command = [process.execPath, server, join(folder, 'asked.txt')];
  const { client } = await started(
    ['--policy', policy, '--', ...command],
    {},
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
  });
  const listening = await client.listen({ resourceSubscriptions: ['note://one'] });
  await client.callTool({ name: 'touch', arguments: { uri: 'note://one' } });
  await expect.poll(() => heard).toEqual(['note://one']);
  await listening.close();
  await client.close();
});

test('what a server offers is pinned, inspected and approved from the command line', async () => {
  const folder = temporaryFolder();
  const liar = new Liar();
  written(folder, 'policy.json', policyFor(['liar.echo']));
  const gateway = written(folder, 'gateway.json', {
    format: 1,
    policy: 'policy.json',
    principal: { id: 'user:ada', org: 'acme' },
    agent: 'desk-bot',
    servers: { liar: liar.server() },
  });
  const pinned = await cli('mcp', 'pin', '--config', gateway, '--json');
  expect(pinned.code).toBe(0);
  expect(pinned.stdout).toContain('waits for an operator');
  const db = join(folder, 'gateway.db');
  const waiting = await cli('mcp', 'inspect', db, '--waiting', '--json');
  const tool = jsonLines<{ name: string; definition: string }>(waiting.stdout).find(
    ({ name }) => name === 'liar__echo',
  );
  const stale = ['--definition', 'f'.repeat(12), '--yes', ...asRoot];
  expect((await cli('mcp', 'approve-tool', db, 'liar__echo', ...stale)).code).toBe(2);
  const unasked = await cli('mcp', 'approve-tool', db, 'liar__echo', ...asRoot);
  expect(unasked.stderr).toContain('no terminal');
  const nobody = ['--yes', '--as', 'acme/user:eve', '--as-role', 'operator'];
  expect((await cli('mcp', 'approve-tool', db, 'liar__echo', ...nobody)).code).toBe(1);
  const exact = ['--definition', tool?.definition ?? '', '--yes', ...asRoot];
  const approved = await cli('mcp', 'approve-tool', db, 'liar__echo', ...exact);
  expect(approved.stdout).toContain('is approved');
  expect(approved.stderr).toContain('does echo');
  expect((await cli('mcp', 'approve-tool', db, '--yes', ...asRoot)).code).toBe(2);
  const rest = await cli('mcp', 'approve-tool', db, '--server', 'liar', '--yes', ...asRoot);
  expect(rest.stdout.match(/is approved/g)).toHaveLength(8);
  expect((await cli('mcp', 'inspect', db, '--waiting')).stdout).toBe('no tools of MCP servers\n');
  const { client } = await started(['--config', gateway]);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['liar__echo']);
  expect((await client.callTool({ name: 'liar__echo', arguments: {} })).isError).not.toBe(true);
  await client.close();
  const { stdout } = await cli('mcp', 'inspect', db);
  expect(stdout).toMatch(/liar__echo +liar +registered +liar\.echo +[0-9a-f]{12}/);
  expect(stdout).toMatch(/liar__echo +acme\/desk-bot +allowed +tier:unrestricted/);
  expect(stdout).toMatch(/liar__fail +acme\/desk-bot +denied +action-unknown/);
}, 60_000);

test('inspect says what each agent may do, and on what it depends', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'control-plane.db');
  const plane = await openControlPlane({
    storage: sqlite(file),
    policy: {
      format: 1,
      version: 1,
      actions: { read: {}, pay: { risk: 'high' }, drop: {} },
      tiers: { autoApprove: ['read', 'pay'], blocked: ['drop'] },
      rules: [
        {
          id: 'large',
          effect: 'deny',
          match: { action: 'pay' },
          when: { path: 'arguments.amount', moreThan: '100' },
        },
        { id: 'ada-only', effect: 'deny', match: { action: 'read', principal: 'user:bob' } },
      ],
    },
    agents: [
      { name: 'desk-bot', org: 'acme' },
      { name: 'reader', org: 'acme', actions: ['read'] },
    ],
  });
  for (const action of ['read', 'pay', 'drop']) {
    const foreign = { server: 'bank', name: action };
    await plane.registerTool({ name: `bank__${action}`, action, resource: 'bank', foreign });
  }
  const by = plane.identity.assert({ id: 'user:root', org: 'acme', roles: ['admin'] });
  const scope = { kind: 'tool', org: 'acme', name: 'bank__drop' } as const;
  await plane.kill({ scope, by, reason: 'test' });
  await plane.close();
  interface Inspected {
    readonly name: string;
    readonly agents: readonly {
      readonly agent: string;
      readonly may: readonly string[];
      readonly code: string;
      readonly dependsOn: readonly string[];
    }[];
  }
  const inspected = async (...words: string[]) => {
    const { stdout } = await cli('mcp', 'inspect', file, '--json', ...words);
    return jsonLines<Inspected>(stdout).flatMap(({ name, agents }) =>
      agents.map(({ agent, may, code, dependsOn }) =>
        [name, agent, may.join('/'), code, ...dependsOn].join(' '),
      ),
    );
  };
  expect(await inspected()).toEqual([
    'bank__drop acme/desk-bot denied killed',
    'bank__drop acme/reader denied killed',
    'bank__pay acme/desk-bot asks/denied approval-required rule:large',
    'bank__pay acme/reader denied agent-not-capable',
    'bank__read acme/desk-bot allowed/denied allowed rule:ada-only',
    'bank__read acme/reader allowed/denied allowed rule:ada-only',
  ]);
  expect(await inspected('--agent', 'reader', '--principal', 'user:ada')).toEqual([
    'bank__drop acme/reader denied killed',
    'bank__pay acme/reader denied agent-not-capable',
    'bank__read acme/reader allowed allowed',
  ]);
  const { stdout } = await cli('mcp', 'inspect', file, '--agent', 'desk-bot');
  expect(stdout).toMatch(
    /bank__pay +acme\/desk-bot +asks or denied +tier:autoApprove; depends on rule:large/,
  );
}, 60_000);

test('over HTTP, tokens of the issuer in the file are checked, and clients can find it', async () => {
  const folder = temporaryFolder();
  const key = signingKey('one');
  const issuer = 'https://issuer.example';
  written(folder, 'policy.json', policyFor(['liar.echo']));
  const gateway = written(folder, 'gateway.json', {
    format: 1,
    policy: 'policy.json',
    principal: { id: 'user:ada', org: 'acme' },
    agent: 'desk-bot',
    servers: { liar: new Liar().server() },
    authenticators: {
      okta: {
        issuer,
        audience: 'gateway',
        algorithms: ['ES256'],
        keys: { jwks: { keys: [key.jwk] } },
        claims: { kind: 'user', org: 'acme', roles: { claim: 'groups', map: { ops: 'agent' } } },
      },
    },
    http: { port: 0, authentication: ['jwt:okta'] },
  });
  const child = spawn(process.execPath, [main, 'mcp', '--config', gateway], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let url: string | undefined;
    for await (const line of createInterface(child.stderr)) {
      url = /listens at (\S+)/.exec(line)?.[1];
      if (url !== undefined) break;
    }
    const well = new URL('/.well-known/oauth-protected-resource/mcp', url);
    expect(await (await fetch(well)).json()).toMatchObject({ authorization_servers: [issuer] });
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: issuer, aud: 'gateway', sub: 'ada', iat: now, exp: now + 600 };
    const statusOf = async (groups: readonly string[]) => {
      const headers = {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${signed(key, { ...claims, groups })}`,
      };
      const body = JSON.stringify(initialize);
      const answer = await fetch(String(url), { method: 'POST', headers, body });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await statusOf(['ops'])).toBe(200);
    expect(await statusOf(['others'])).toBe(401);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}, 60_000);

describe('doctor', () => {
  test('says which servers of a client are governed, in the files that clients have', async () => {
    const folder = temporaryFolder();
    const command = 'agent-control-plane';
    const file = written(folder, '.mcp.json', {
      mcpServers: {
        good: { command, args: ['mcp', '--policy', 'p.yaml', '--', 'npx', '-y', 'server'] },
        npx: { command: 'npx', args: ['-y', command, 'mcp', '--config=gateway.yaml'] },
        open: { command: 'npx', args: ['-y', 'server'] },
        web: { url: 'https://mcp.example.com' },
        lax: { command, args: ['mcp', '--', 'npx', 'server'] },
        bare: { command, args: ['mcp', '--policy', 'p.yaml', '--'] },
        list: { command, args: ['events', 'a.db', '--policy', 'p.yaml', '--', 'npx'] },
      },
    });
    const { code, stdout } = await cli('mcp', 'doctor', file, '--json');
    expect(code).toBe(1);
    const governed = jsonLines(stdout).map(({ server, governed: is }) => [server, is]);
    expect(Object.fromEntries(governed)).toEqual({
      good: true,
      npx: true,
      open: false,
      web: false,
      lax: false,
      bare: false,
      list: false,
    });
  });

  test('a program that is only given the words of a gateway is not one', async () => {
    const gateway = ['agent-control-plane', 'mcp', '--config', 'gateway.yaml'];
    const starts = {
      npx: ['npx', '--yes', ...gateway],
      versioned: ['npx', '-y', 'agent-control-plane@0.1.0', ...gateway.slice(1)],
      windows: ['cmd', '/c', 'npx.cmd', '-y', ...gateway],
      exec: ['npm', 'exec', '--', ...gateway],
      node: ['/usr/bin/node', './node_modules/.bin/agent-control-plane', ...gateway.slice(1)],
      other: ['node', 'server.js', ...gateway],
      shell: ['sh', '-c', 'node server.js', ...gateway],
      code: ['node', '--eval=process.exit()', ...gateway],
      call: ['npx', '--call=server', ...gateway],
      alias: ['npx', '-y', 'agent-control-plane@npm:server', ...gateway.slice(1)],
    };
    const servers = Object.fromEntries(
      Object.entries(starts).map(([name, [command, ...args]]) => [name, { command, args }]),
    );
    const file = written(temporaryFolder(), '.mcp.json', { mcpServers: servers });
    const { stdout } = await cli('mcp', 'doctor', file, '--json');
    const governed = jsonLines(stdout).flatMap(({ server, governed: is }) =>
      is === true ? [server] : [],
    );
    expect(governed).toEqual(['npx', 'versioned', 'windows', 'exec', 'node']);
  });

  test('reads comments, and a file where all is well is well', async () => {
    const file = written(
      temporaryFolder(),
      'mcp.json',
      '{\n  // mine\n  "servers": { "a": { "command": "agent-control-plane", "args": ["mcp", "--config", "g.yaml"], }, },\n}',
    );
    expect((await cli('mcp', 'doctor', file)).code).toBe(0);
  });

  test('says that a file has no servers', async () => {
    const file = written(temporaryFolder(), 'mcp.json', '{}');
    expect(await cli('mcp', 'doctor', file)).toMatchObject({ code: 2 });
  });
});

test.each([
  ['nothing', []],
  ['no policy', ['--', 'npx', 'server']],
  ['a server in two ways', ['--config', 'gateway.yaml', '--', 'npx', 'server']],
  ['a file that is not there', ['--config', 'nowhere.yaml']],
  ['a policy that is not there', ['--policy', 'nowhere.yaml', '--', 'npx', 'server']],
])('with %s the gateway does not start, and says why', async (_, words) => {
  const { code, stdout, stderr } = await cli('mcp', ...words);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: /);
});
