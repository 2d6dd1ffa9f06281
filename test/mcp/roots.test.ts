/** How far a server reaches is the configuration's to say: the client's roots reach it where that says so. */
import type { Client, ClientOptions } from '@modelcontextprotocol/client';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { program } from '../programs.ts';
import { lyingStage } from './lying.ts';
import { realServer } from './real-servers.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

const options: ClientOptions = { capabilities: { roots: { listChanged: true } } };

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  const clientOf = (on: Stage, prepare: (client: Client) => void) =>
    era === 'modern' ? on.modernClient(options, prepare) : on.client(options, prepare);

  test.each([
    { server: {}, times: 0 },
    { server: { roots: false }, times: 0 },
    { server: { roots: true }, times: 1 },
  ])('is asked for its roots $times times by a server with $server', async ({ server, times }) => {
    ({ stage } = await lyingStage({ server, extraTools: ['ask'] }));
    let asked = 0;
    const client = await clientOf(stage, (made) => {
      made.setRequestHandler('roots/list', () => {
        asked += 1;
        return { roots: [] };
      });
    });
    expect(textOf(await client.callTool({ name: 'liar__ask', arguments: {} }))).toBe('asked');
    expect(asked).toBe(times);
  });
});

test('that roots are others now is told to a server that may know them, and to no other', async () => {
  const command = [process.execPath, program('relay-server')];
  const relay = { command, protocol: 'legacy' };
  stage = await Stage.open({
    servers: { may: { ...relay, roots: true }, not: relay },
    policy: policyFor(['may.heard', 'not.heard']),
  });
  const client = await stage.client(options, (made) => {
    made.setRequestHandler('roots/list', () => ({ roots: [] }));
  });
  const heard = async (server: string): Promise<string> =>
    textOf(await client.callTool({ name: `${server}__heard`, arguments: {} }));
  await client.sendRootsListChanged();
  await expect.poll(() => heard('may')).toContain('roots/list_changed');
  expect(await heard('not')).not.toContain('roots/list_changed');
  // The SDK refuses to tell it: that is not tried, and is nobody's fault.
  expect(stage.reports).toEqual([]);
});

test('that roots are others now is told to nobody while a kill switch covers the session', async () => {
  const relay = { command: [process.execPath, program('relay-server')], protocol: 'legacy' };
  stage = await Stage.open({
    servers: { may: { ...relay, roots: true } },
    policy: policyFor(['may.heard']),
  });
  const client = await stage.client(options, (made) => {
    made.setRequestHandler('roots/list', () => ({ roots: [] }));
  });
  const by = stage.principal('user:root', 'platform-admin');
  const scope = { kind: 'system' } as const;
  await stage.plane.kill({ scope, by, reason: 'stop' });
  await client.sendRootsListChanged();
  // What is answered after it was read after it.
  await client.listTools();
  await stage.plane.release({ scope, by, reason: 'go on' });
  const heard = await client.callTool({ name: 'may__heard', arguments: {} });
  expect(textOf(heard)).not.toContain('roots/list_changed');
});

test('with its roots, the client says which folders server-filesystem serves', async () => {
  const [served, named] = [temporaryFolder(), temporaryFolder()].map((at) => realpathSync(at));
  if (served === undefined || named === undefined) throw new Error('there are two folders');
  const path = join(named, 'a.txt');
  writeFileSync(path, 'not served');
  const command = realServer('filesystem', served);
  stage = await Stage.open({
    servers: { open: { command, roots: true }, kept: { command } },
    policy: policyFor(['open.read_text_file', 'kept.read_text_file']),
  });
  const client = await stage.client(options, (made) => {
    made.setRequestHandler('roots/list', () => ({ roots: [{ uri: pathToFileURL(named).href }] }));
  });
  const read = async (server: string): Promise<string> =>
    textOf(await client.callTool({ name: `${server}__read_text_file`, arguments: { path } }));
  await expect.poll(() => read('open'), { timeout: 20_000 }).toBe('not served');
  expect(await read('kept')).toMatch(/access denied/i);
  await client.sendRootsListChanged();
  expect(await read('kept')).toMatch(/access denied/i);
});
