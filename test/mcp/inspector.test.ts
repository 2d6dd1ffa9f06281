/** The official inspector's command line, as one more client of the gateway that nobody here wrote. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { program } from '../programs.ts';
import { conformancePackage } from './conformance-packages.ts';
import { HttpStage } from './http-stage.ts';
import { realServer } from './real-servers.ts';
import { policyFor, temporaryFolder } from './stage.ts';

const inspector = conformancePackage('inspector', 'clients', 'launcher', 'build', 'index.js');
const gatewayProgram = program('cli');
let http: HttpStage;

beforeAll(async () => {
  http = await HttpStage.open({ policy: policyFor(['liar.echo']) });
}, 60_000);

afterAll(() => http.close());

/** What it prints, whatever its exit code: one of a tool that says `isError` is not 0. */
async function inspected(
  reached: readonly string[],
  ...words: readonly string[]
): Promise<Readonly<Record<string, unknown>>> {
  // It keeps secrets, and a list of servers unless it is given one: not in anybody's home here.
  const env = { ...process.env, HOME: temporaryFolder(), MCP_INSPECTOR_SECRET_STORE: 'memory' };
  const called = promisify(execFile)(
    process.execPath,
    [inspector, '--cli', ...reached, '--method', ...words],
    { env },
  );
  const { stdout } = await called.catch((failure: unknown) => failure as { stdout: string });
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

test('the inspector lists what its principal could use, and calls it', async () => {
  const reached = ['--server-url', http.endpoint.url.href, '--transport', 'http'];
  const over = [...reached, '--header', `Authorization: Bearer ${http.keys.ada}`];
  expect(await inspected(over, 'tools/list')).toMatchObject({ tools: [{ name: 'liar__echo' }] });
  const words = ['--tool-name', 'liar__echo', '--tool-arg', 'a=1'];
  const called = await inspected(over, 'tools/call', ...words);
  expect(JSON.stringify(called)).toContain('given');
  expect(http.liar.callsOf('echo')).toHaveLength(1);
}, 120_000);

test('the inspector starts the gateway from a client’s configuration, and a write is held', async () => {
  const folder = temporaryFolder();
  const policy = join(folder, 'policy.json');
  const tiers = { autoApprove: ['mcp.list_directory'], alwaysApprove: ['mcp.write_file'] };
  writeFileSync(
    policy,
    JSON.stringify(policyFor(['mcp.list_directory', 'mcp.write_file'], { tiers })),
  );
  const server = realServer('filesystem', folder);
  const args = [gatewayProgram, 'mcp', '--policy', policy, '--', ...server];
  const config = join(folder, 'mcp.json');
  writeFileSync(
    config,
    JSON.stringify({ mcpServers: { files: { command: process.execPath, args } } }),
  );
  const over = ['--config', config, '--server', 'files'];
  const { tools } = await inspected(over, 'tools/list');
  expect(tools).toMatchObject([{ name: 'write_file' }, { name: 'list_directory' }]);
  const path = join(folder, 'held.txt');
  const words = ['--tool-name', 'write_file', '--tool-arg', `path=${path}`, 'content=x'];
  const called = JSON.stringify(await inspected(over, 'tools/call', ...words));
  expect(called).toContain('approval-required');
  expect(existsSync(path)).toBe(false);
}, 120_000);
