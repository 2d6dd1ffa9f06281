/** Resources and prompts that are decided as actions. */
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realServer } from './real-servers.ts';
import { program } from '../programs.ts';
import { policyFor, Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  const govern = { resources: 'govern', prompts: 'govern' };
  stage = await Stage.open({
    servers: {
      all: { command: realServer('everything'), protocol: 'legacy', ...govern },
      later: {
        command: [process.execPath, program('modern-server')],
        ...govern,
      },
      off: {
        command: realServer('everything'),
        protocol: 'legacy',
        resources: false,
        prompts: false,
      },
    },
    policy: policyFor(['all.resources-read', 'all.prompts-get'], {
      rules: [
        {
          id: 'no-features',
          effect: 'deny',
          match: { action: 'all.resources-read' },
          when: { path: 'arguments.uri', endsWith: 'features.md' },
          reason: 'not for agents',
        },
        {
          id: 'ask',
          effect: 'require-approval',
          match: { action: 'all.prompts-get', resource: 'args-prompt' },
        },
      ],
    }),
  });
}, 60_000);

afterAll(() => stage.close());

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  let client: Client;

  beforeAll(async () => {
    client = await (era === 'modern' ? stage.modernClient() : stage.client());
  }, 60_000);

  test('reads what the policy allows, and each reading is in the log', async () => {
    const before = (await stage.eventsOf('permit-settled')).length;
    const uri = 'demo://resource/static/document/architecture.md';
    expect((await client.readResource({ uri })).contents).toHaveLength(1);
    expect((await stage.eventsOf('permit-settled')).length).toBe(before + 1);
    const decided = (await stage.eventsOf('action-decided')).at(-1);
    expect(decided).toMatchObject({ action: 'all.resources-read', outcome: 'allow' });
  });

  test('is told why it does not read what it may not', async () => {
    const uri = 'demo://resource/static/document/features.md';
    await expect(client.readResource({ uri })).rejects.toThrow('not for agents');
    await expect(client.readResource({ uri: 'modern://one' })).rejects.toMatchObject({
      data: { code: 'action-unknown' },
    });
  });

  test('gets a prompt that has to be approved once somebody did', async () => {
    const prompt = { name: 'all__args-prompt', arguments: { city: `Berlin ${era}` } };
    const held = await client.getPrompt(prompt).catch((failure: unknown) => failure);
    const { ticket = '' } = (held as { readonly data: { readonly ticket?: string } }).data;
    await stage.plane.approve({ ticket, by: stage.principal('user:bob', 'approver') });
    // What goes along with a request is no part of what was approved.
    const again = { ...prompt, _meta: { 'example.com/trace': 'second' } };
    expect((await client.getPrompt(again)).messages).toHaveLength(1);
    expect((await client.getPrompt({ name: 'all__simple-prompt' })).messages).toHaveLength(1);
  });

  test('an error of the server is the server’s error, and a failed call', async () => {
    const uri = 'demo://resource/dynamic/text/none';
    await expect(client.readResource({ uri })).rejects.toThrow(/unknown resource/i);
    const settled = (await stage.eventsOf('permit-settled')).at(-1);
    expect(settled).toMatchObject({ outcome: 'failed' });
  });

  test('sees nothing of a server whose resources and prompts are off', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.filter(({ name }) => name.startsWith('off__'))).toEqual([]);
    await expect(client.getPrompt({ name: 'off__simple-prompt' })).rejects.toThrow(
      'there is no prompt',
    );
  });
});

test('a name that the host gave to a tool of its own is not taken for readings', async () => {
  const command = [process.execPath, program('modern-server')];
  const servers = { one: { command, resources: 'govern' } };
  const other = await Stage.open({ servers, policy: policyFor(['one.resources-read']) });
  const name = 'one__resources-read';
  await other.plane.registerTool({ name, action: 'one.resources-read', resource: 'other' });
  const client = await other.client();
  await expect(client.readResource({ uri: 'modern://one' })).rejects.toMatchObject({
    data: { code: 'tool-ungovernable' },
  });
  expect(await other.eventsOf('action-decided')).toEqual([]);
  await other.close();
});
