/** What is not governed passes through: a client sees the server-everything as it would without the gateway. */
import { type CallToolResult, Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realServer } from './real-servers.ts';
import { policyFor, Stage, textOf } from './stage.ts';

const [command = '', ...args] = realServer('everything');

const options: ClientOptions = {
  capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } },
};

/** Answers whatever a server asks of a client. */
function answering(client: Client): void {
  client.setRequestHandler('roots/list', () => ({
    roots: [{ uri: 'file:///somewhere', name: 'here' }],
  }));
  client.setRequestHandler('sampling/createMessage', ({ params }) => ({
    role: 'assistant',
    model: 'scripted',
    content: { type: 'text', text: `sampled ${params.maxTokens}` },
  }));
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { name: 'Ada', check: true },
  }));
}

let direct: Client;
let stage: Stage;

const tools = [
  ['echo', { message: 'hello' }],
  ['get-sum', { a: 2, b: 3 }],
  ['get-structured-content', { location: 'Chicago' }],
  ['get-tiny-image', {}],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-resource-links', { count: 2 }],
  ['get-resource-reference', { resourceType: 'Blob', resourceId: 2 }],
] as const;

const asking = ['trigger-sampling-request', 'trigger-elicitation-request'] as const;
const others = [
  'get-env',
  'get-roots-list',
  'trigger-long-running-operation',
  'simulate-research-query',
  'toggle-simulated-logging',
];

beforeAll(async () => {
  direct = new Client({ name: 'direct', version: '1' }, options);
  answering(direct);
  await direct.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }));
  process.env['NOT_FOR_SERVERS'] = 'of the gateway';
  const names = [...tools.map(([name]) => name), ...asking, ...others];
  stage = await Stage.open({
    servers: {
      all: { command: [command, ...args], env: { TOKEN: { from: 'ALL_TOKEN' } }, roots: true },
    },
    environment: { ALL_TOKEN: 'secret-of-the-server' },
    file: { prefix: false },
    policy: policyFor(names.map((name) => `all.${name}`)),
  });
}, 60_000);

afterAll(async () => {
  await direct.close();
  await stage.close();
});

/** Without what the gateway adds. */
function bare(result: CallToolResult): object {
  const { _meta, ...rest } = result;
  return rest;
}

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  let client: Client;

  beforeAll(async () => {
    const how = era === 'modern' ? 'modernClient' : 'client';
    client = await stage[how](options, answering);
  }, 60_000);

  test.each(tools)('gets the result of %s as it is', async (name, given) => {
    const call = async (by: Client) => bare(await by.callTool({ name, arguments: { ...given } }));
    // Some results have the second in which they were made.
    const [before, through, after] = [await call(direct), await call(client), await call(direct)];
    expect([before, after]).toContainEqual(through);
  });

  test('sees the same definitions, of the tools that it could use', async () => {
    const shown = (await client.listTools()).tools;
    const all = (await direct.listTools()).tools;
    expect(shown.length).toBeGreaterThan(tools.length);
    for (const tool of shown) {
      const { execution, ...same } = all.find(({ name }) => name === tool.name) ?? {};
      // The later era has no such member, and the SDK leaves it out.
      expect(tool).toEqual(era === 'modern' ? same : { ...same, execution });
    }
  });

  test('sees the same prompts, resources and templates', async () => {
    expect((await client.listPrompts()).prompts).toEqual((await direct.listPrompts()).prompts);
    const { resources } = await client.listResources();
    expect(resources).toEqual((await direct.listResources()).resources);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toEqual((await direct.listResourceTemplates()).resourceTemplates);
  });

  test('gets prompts, reads resources and has arguments completed', async () => {
    const prompt = { name: 'args-prompt', arguments: { city: 'Berlin', state: 'BE' } };
    expect((await client.getPrompt(prompt)).messages).toEqual(
      (await direct.getPrompt(prompt)).messages,
    );
    const { uri } = (await direct.listResources()).resources[0] ?? { uri: '' };
    expect((await client.readResource({ uri })).contents).toEqual(
      (await direct.readResource({ uri })).contents,
    );
    const completed = {
      ref: { type: 'ref/prompt' as const, name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    };
    expect((await client.complete(completed)).completion).toEqual(
      (await direct.complete(completed)).completion,
    );
  });

  test('an error of the server is the server’s error', async () => {
    const missing = { uri: 'demo://resource/static/document/none.md' };
    const told = async (asked: Client): Promise<unknown> =>
      asked.readResource(missing).catch((failure: Error) => failure.message);
    expect(await told(client)).toEqual(await told(direct));
  });

  test('hears of progress under its own token', async () => {
    const how = era === 'modern' ? 'modernClient' : 'client';
    // Of one without roots the server asks nothing meanwhile, which the SDK would count as progress too.
    const asksNothing = await stage[how]();
    const heard: number[] = [];
    const name = 'trigger-long-running-operation';
    await asksNothing.callTool(
      { name, arguments: { duration: 0.3, steps: 3 } },
      { onprogress: ({ progress }) => void heard.push(progress) },
    );
    // The SDK drops what the result overtakes, with and without the gateway; the first it never does.
    expect([1, 2, 3].slice(0, heard.length)).toEqual(heard);
    expect(heard.length).toBeGreaterThan(0);
  });

  test('is asked for a sample and for what a person says, and the server gets the answers', async () => {
    const name = 'trigger-sampling-request';
    const sampled = await client.callTool({ name, arguments: { prompt: 'hi', maxTokens: 7 } });
    expect(textOf(sampled)).toContain('sampled 7');
    const elicited = await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
    expect(textOf(elicited)).toContain('Ada');
  });
});

test('a server gets its own credentials and nothing of the gateway’s environment', async () => {
  const client = await stage.client(options, answering);
  const env = textOf(await client.callTool({ name: 'get-env', arguments: {} }));
  expect(env).toContain('secret-of-the-server');
  expect(env).not.toContain('of the gateway');
});

test('log messages reach the client at the level that it set', async () => {
  const client = await stage.client(options, answering);
  const heard = Promise.withResolvers<unknown>();
  client.setNotificationHandler('notifications/message', ({ params }) =>
    heard.resolve(params.level),
  );
  await client.setLoggingLevel('debug');
  await client.callTool({ name: 'toggle-simulated-logging', arguments: {} });
  expect(await heard.promise).toBeTypeOf('string');
});

test('roots of the client reach the server', async () => {
  const client = await stage.client(options, answering);
  await expect
    .poll(async () => {
      const { tools: shown } = await client.listTools();
      if (!shown.some(({ name }) => name === 'get-roots-list')) return '';
      return textOf(await client.callTool({ name: 'get-roots-list', arguments: {} }));
    })
    .toContain('file:///somewhere');
});

test('a tool that only runs as a task runs for a client that does not make it one', async () => {
  const client = await stage.client(options, answering);
  const called = await client.callTool({
    name: 'simulate-research-query',
    arguments: { topic: 'x' },
  });
  expect(textOf(called)).toContain('# Research Report: x');
});

test('nothing passes a kill switch, governed or not', async () => {
  const client = await stage.client(options, answering);
  const scope = { kind: 'principal', org: 'acme', id: 'user:ada' } as const;
  const by = stage.principal('user:olga', 'operator');
  await stage.plane.kill({ scope, by, reason: 'an incident' });
  await expect(client.listResources()).rejects.toThrow('kill switch');
  await expect(client.getPrompt({ name: 'simple-prompt' })).rejects.toThrow('kill switch');
  await stage.plane.release({ scope, by, reason: 'over' });
  expect((await client.listResources()).resources).not.toEqual([]);
});

test('what is not a call stops with the calls when the agent is suspended, and goes on with it', async () => {
  const client = await stage.client(options, answering);
  const by = stage.principal('user:root', 'platform-admin');
  const agent = { org: 'acme', agent: 'desk-bot', by, reason: 'a drill' } as const;
  expect((await client.listPrompts()).prompts).not.toEqual([]);
  await stage.plane.controlAgent({ ...agent, transition: 'suspend' });
  await expect(client.listPrompts()).rejects.toThrow(/suspended/);
  await stage.plane.controlAgent({ ...agent, transition: 'reinstate' });
  expect((await client.listPrompts()).prompts).not.toEqual([]);
});
