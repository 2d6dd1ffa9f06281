/** Several servers of both eras behind one endpoint, with clients of both eras in front of it. */
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realServer } from './real-servers.ts';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';

const modern = [process.execPath, program('modern-server')];
const folder = realpathSync(temporaryFolder());
let stage: Stage;

beforeAll(async () => {
  writeFileSync(join(folder, 'a.txt'), 'hello');
  stage = await Stage.open({
    servers: {
      files: { command: realServer('filesystem', folder), protocol: 'legacy' },
      memory: { command: realServer('memory'), env: { MEMORY_FILE_PATH: join(folder, 'm.jsonl') } },
      all: { command: realServer('everything'), protocol: 'legacy' },
      later: { command: modern },
    },
    policy: policyFor([
      'files.read_text_file',
      'memory.read_graph',
      'all.echo',
      'later.greet',
      'later.era',
    ]),
  });
}, 60_000);

afterAll(() => stage.close());

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  let client: Client;

  beforeAll(async () => {
    const options = { capabilities: { elicitation: { form: {} } } };
    const prepare = (user: Client): void => {
      user.setRequestHandler('elicitation/create', () => ({
        action: 'accept',
        content: { name: 'Ada' },
      }));
    };
    client = await (era === 'modern'
      ? stage.modernClient(options, prepare)
      : stage.client(options, prepare));
  }, 60_000);

  test('has the tools of all under their prefixes', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'all__echo',
      'files__read_text_file',
      'later__era',
      'later__greet',
      'memory__read_graph',
    ]);
    const path = join(folder, 'a.txt');
    expect(
      textOf(await client.callTool({ name: 'files__read_text_file', arguments: { path } })),
    ).toBe('hello');
    expect((await client.callTool({ name: 'memory__read_graph', arguments: {} })).isError).not.toBe(
      true,
    );
  });

  test('a server is spoken to in its own era, whatever the client speaks', async () => {
    expect(textOf(await client.callTool({ name: 'later__era', arguments: {} }))).toBe('modern');
  });

  test('is asked what a server of the later era asks, and the call is one call', async () => {
    const before = (await stage.eventsOf('permit-settled')).length;
    const greeted = await client.callTool({ name: 'later__greet', arguments: {} });
    expect(textOf(greeted)).toMatch(/^hello Ada, call 1$/);
    expect((await stage.eventsOf('permit-settled')).length).toBe(before + 1);
  });

  test('gets lists that go on from server to server, and prompts under prefixes', async () => {
    const { resources } = await client.listResources();
    const uris = resources.map(({ uri }) => uri);
    expect(uris).toContain('modern://one');
    expect(uris).toContain('demo://resource/static/document/features.md');
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('all__simple-prompt');
    const { messages } = await client.getPrompt({ name: 'all__simple-prompt' });
    expect(messages).toHaveLength(1);
  });

  test('reads a resource from the server that has it', async () => {
    const read = async (uri: string): Promise<unknown> =>
      (await client.readResource({ uri })).contents[0]?.uri;
    expect(await read('modern://one')).toBe('modern://one');
    const dynamic = 'demo://resource/dynamic/text/1';
    expect(await read(dynamic)).toBe(dynamic);
    await expect(client.readResource({ uri: 'nobody://has' })).rejects.toThrow('no server has');
  });

  test('a name or cursor that is none is an error of the protocol', async () => {
    await expect(client.getPrompt({ name: 'simple-prompt' })).rejects.toThrow('there is no prompt');
    await expect(client.listResources({ cursor: 'x' })).rejects.toThrow('not one of this list');
  });
});
