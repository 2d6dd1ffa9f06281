/** The official inspector's command line, as one more client of the gateway that nobody here wrote. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conformancePackage } from './conformance-packages.ts';
import { HttpStage } from './http-stage.ts';
import { policyFor, temporaryFolder } from './stage.ts';

const program = conformancePackage('inspector', 'clients', 'launcher', 'build', 'index.js');
let http: HttpStage;

beforeAll(async () => {
  http = await HttpStage.open({ policy: policyFor(['liar.echo']) });
}, 60_000);

afterAll(() => http.close());

async function inspected(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const reached = ['--server-url', http.endpoint.url.href, '--transport', 'http'];
  const token = ['--header', `Authorization: Bearer ${http.keys.ada}`];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, '--cli', ...reached, ...token, '--method', ...words],
    // It keeps a list of servers, and not in anybody's home here.
    { env: { ...process.env, MCP_CATALOG_PATH: join(temporaryFolder(), 'catalog.json') } },
  );
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

test('the inspector lists what its principal could use, and calls it', async () => {
  expect(await inspected('tools/list')).toMatchObject({ tools: [{ name: 'liar__echo' }] });
  const called = await inspected('tools/call', '--tool-name', 'liar__echo', '--tool-arg', 'a=1');
  expect(JSON.stringify(called)).toContain('given');
  expect(http.liar.callsOf('echo')).toHaveLength(1);
}, 120_000);
