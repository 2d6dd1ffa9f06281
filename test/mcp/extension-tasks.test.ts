/**
 * Tasks towards clients of 2026-07-28 (`io.modelcontextprotocol/tasks`): a call that its server runs as a task is
 * answered with one where the client knows of them, and it is one call to the kernel from its begin to its end.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { rawResult, type RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { HttpStage, type HttpStageOptions } from './http-stage.ts';
import {
  extension,
  type RawClient,
  rawChannel,
  rawHttp,
  withBoth,
  withTasks,
} from './raw-client.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';

const programs = { modern: 'extension-server.ts', legacy: 'task-server.ts' };
const tools = ['slow', 'either', 'plain', 'finish', 'always'];
const policy = policyFor(tools.map((name) => `jobs.${name}`));

let stage: Stage | undefined;
let http: HttpStage | undefined;
let clients: RawClient[] = [];
let journal = '';

afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
  await (http ?? stage)?.close();
  [stage, http] = [undefined, undefined];
});

type Road = 'stdio' | 'http';
type Era = keyof typeof programs;

interface On extends Pick<Stage, 'plane' | 'eventsOf'> {
  readonly client: () => Promise<RawClient>;
}

async function open(
  road: Road,
  era: Era,
  {
    server = {},
    limits,
    ...more
  }: Pick<HttpStageOptions, 'server' | 'limits' | 'policy' | 'file'> = {},
): Promise<On> {
  journal = join(temporaryFolder(), 'journal');
  const command = [process.execPath, join(import.meta.dirname, programs[era]), journal];
  const options = { servers: { jobs: { command, protocol: era, ...server } }, policy, ...more };
  if (road === 'http') http = await HttpStage.open({ ...options, ...(limits && { limits }) });
  stage = http?.stage ?? (await Stage.open(options));
  const { plane } = stage;
  const on = stage;
  const client = async (): Promise<RawClient> => {
    const made = http === undefined ? await rawChannel(on) : rawHttp(http);
    clients.push(made);
    return made;
  };
  return { plane, eventsOf: (...types) => on.eventsOf(...types), client };
}

interface Noted {
  readonly method?: string;
  readonly called?: string;
  readonly waitedFor?: string;
  readonly cancelled?: string;
  readonly answered?: string;
}

function noted(): readonly Noted[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Noted);
}

const asked = (name: string) => noted().filter(({ method }) => method === name);

const call = (given: object = {}, name = 'slow') => ({ name: `jobs__${name}`, arguments: given });

/** Makes a call that is answered with a task, and gives its id. */
async function begin(client: RawClient, given: object = {}, more: object = {}): Promise<string> {
  const { result } = await client.ask('tools/call', call(given), more);
  expect(result).toMatchObject({ resultType: 'task' });
  return String(result?.['taskId']);
}

async function get(client: RawClient, taskId: string, more: object = {}): Promise<RawResult> {
  const { result, error } = await client.ask('tasks/get', { taskId }, more);
  expect(error).toBeUndefined();
  return result ?? {};
}

async function statusOf(client: RawClient, taskId: string, more: object = {}): Promise<unknown> {
  return (await get(client, taskId, more))['status'];
}

/** By the gateway's keys. */
const questionsOf = ({ inputRequests = {} }: RawResult) =>
  inputRequests as Readonly<Record<string, RawResult>>;

const resultOf = ({ result }: RawResult) => result as RawResult & { readonly content: unknown };

const unknownTask = { code: -32_602, message: 'there is no such task' };
const settled = (on: On) => on.eventsOf('permit-settled');
const outcomes = async (on: On) => (await settled(on)).map(({ outcome }) => outcome);
const end = () => writeFileSync(`${journal}.end`, '');

const finish = (client: RawClient, how = 'well') =>
  client.ask('tools/call', call({ how }, 'finish'));

describe.each(['stdio', 'http'] as const)('over %s', (road) => {
  test('a client of 2026-07-28 is told that there are tasks', async () => {
    const { result } = await (await (await open(road, 'modern')).client()).ask('server/discover');
    expect(result?.['capabilities']).toMatchObject({ extensions: { [extension]: {} } });
  });

  test('a call that its server runs as a task is one call, and its result comes with its end', async () => {
    const on = await open(road, 'modern');
    const client = await on.client();
    const { result: begun = {} } = await client.ask('tools/call', call({ how: 'said' }));
    const taskId = String(begun['taskId']);
    const times = {
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      lastUpdatedAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      ttlMs: expect.any(Number) as unknown,
      pollIntervalMs: 1_000,
    };
    const _meta = expect.anything() as unknown;
    const shown = { taskId, status: 'working', ...times };
    expect(begun).toEqual({ resultType: 'task', ...shown, _meta });
    expect(taskId).not.toContain('task-1');
    await expect
      .poll(() => get(client, taskId))
      .toEqual({ resultType: 'complete', ...shown, statusMessage: 'nearly there', _meta });
    expect(await settled(on)).toEqual([]);
    end();
    await expect.poll(() => statusOf(client, taskId)).toBe('completed');
    const ended = await get(client, taskId);
    expect(ended).toMatchObject({ resultType: 'complete', taskId, status: 'completed', ...times });
    expect(resultOf(ended)).toMatchObject({
      resultType: 'complete',
      content: [{ type: 'text', text: 'done' }],
      _meta: { 'agent-control-plane/untrusted': { server: 'jobs' } },
    });
    expect(await settled(on)).toMatchObject([{ outcome: 'succeeded' }]);
    expect(await on.eventsOf('action-decided')).toHaveLength(1);
    expect(noted().filter(({ called }) => called === 'slow')).toHaveLength(1);
    // It is kept for whoever asks again.
    expect(await get(client, taskId)).toEqual(ended);
  });

  test.each(['slow', 'either'])(
    'so is one of a server of 2025 whose tool `%s` runs as a task',
    async (name) => {
      const on = await open(road, 'legacy');
      const client = await on.client();
      const { result } = await client.ask('tools/call', call({}, name));
      expect(result).toMatchObject({ resultType: 'task', status: 'working' });
      const taskId = String(result?.['taskId']);
      await expect.poll(() => noted().at(-1)).toEqual({ waitedFor: 'server-task-1' });
      expect(await get(client, taskId)).toMatchObject({ statusMessage: 'half way' });
      expect(await settled(on)).toEqual([]);
      await finish(client);
      await expect.poll(() => statusOf(client, taskId)).toBe('completed');
      expect(textOf(resultOf(await get(client, taskId)))).toBe('it is done');
      expect(await outcomes(on)).toEqual(['succeeded', 'succeeded']);
    },
  );

  test.each([
    { says: 'nothing of tasks', capabilities: {} },
    { says: 'of tasks what was said in 2025', capabilities: { tasks: { list: {}, cancel: {} } } },
    { says: 'of another extension', capabilities: { extensions: { 'com.example/other': {} } } },
  ])('a client that says $says waits for the result', async ({ capabilities }) => {
    const client = await (await open(road, 'modern')).client();
    const { result } = await client.ask('tools/call', call({ how: 'well' }), { capabilities });
    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'done' }] });
  });

  test('a client that does not say that it knows of tasks asks about none', async () => {
    const client = await (await open(road, 'modern')).client();
    const taskId = await begin(client, { how: 'file' });
    const data = { requiredCapabilities: { extensions: { [extension]: {} } } };
    const about: readonly (readonly [string, object])[] = [
      ['tasks/get', { taskId }],
      ['tasks/update', { taskId, inputResponses: {} }],
      ['tasks/cancel', { taskId }],
      ['subscriptions/listen', { notifications: { toolsListChanged: true, taskIds: [taskId] } }],
    ];
    for (const [method, params] of about) {
      const answer = await client.ask(method, params, { capabilities: { elicitation: {} } });
      expect(answer).toMatchObject({ error: { code: -32_021, data } });
      expect(answer.status ?? 400).toBe(400);
    }
    expect(await statusOf(client, taskId)).toBe('working');
  });

  test('what its server asks is a question of the task, and is answered once', async () => {
    const on = await open(road, 'modern');
    const client = await on.client();
    const taskId = await begin(client, { how: 'ask' }, { capabilities: withBoth });
    const getting = () => get(client, taskId, { capabilities: withBoth });
    await expect.poll(async () => (await getting())['status']).toBe('input_required');
    const { inputRequests } = await getting();
    const [[key, question] = ['', undefined], ...others] = Object.entries(
      questionsOf({ inputRequests }),
    );
    expect(others).toEqual([]);
    // The key is the gateway's own, and what is asked is the server's.
    expect(key).not.toBe('who');
    expect(question).toMatchObject({
      method: 'elicitation/create',
      params: { message: 'Who are you?' },
    });
    const update = (inputResponses: object) =>
      client.ask('tasks/update', { taskId, inputResponses }, { capabilities: withBoth });
    const said = { action: 'accept', content: { name: 'Ada' } };
    const acknowledged = { resultType: 'complete', _meta: expect.anything() as unknown };
    for (const ignored of [{ who: said }, { other: { method: 'no answer' } }, {}]) {
      expect((await update(ignored)).result).toEqual(acknowledged);
    }
    const wrong = await update({ [key]: { method: 'elicitation/create' } });
    expect(wrong.error).toMatchObject({ code: -32_602 });
    expect(await getting()).toMatchObject({ status: 'input_required', inputRequests });
    expect((await update({ [key]: said })).result).toEqual(acknowledged);
    expect((await update({ [key]: { action: 'decline' } })).result).toEqual(acknowledged);
    await expect.poll(async () => (await getting())['status']).toBe('completed');
    expect(textOf(resultOf(await getting()))).toBe('hello Ada');
    expect(asked('tasks/update')).toHaveLength(1);
    expect(await outcomes(on)).toEqual(['succeeded']);
  });

  test('an update without answers is refused', async () => {
    const client = await (await open(road, 'modern')).client();
    const taskId = await begin(client, { how: 'file' });
    const { error } = await client.ask('tasks/update', { taskId });
    expect(error).toMatchObject({
      code: -32_602,
      message: expect.stringContaining('inputResponses') as unknown,
    });
  });

  test('a cancelled task is cancelled at its server, and nobody knows what it did', async () => {
    const on = await open(road, 'modern');
    const client = await on.client();
    const taskId = await begin(client, { how: 'file' });
    const acknowledged = { resultType: 'complete', _meta: expect.anything() as unknown };
    expect((await client.ask('tasks/cancel', { taskId })).result).toEqual(acknowledged);
    expect(await get(client, taskId)).not.toHaveProperty('result');
    await expect.poll(() => asked('tasks/cancel')).toMatchObject([{ id: 'task-1' }]);
    await expect.poll(() => outcomes(on)).toEqual(['unknown']);
    expect(await statusOf(client, taskId)).toBe('cancelled');
    // What has ended stays as it is, and is no error.
    expect((await client.ask('tasks/cancel', { taskId })).result).toEqual(acknowledged);
    expect(await statusOf(client, taskId)).toBe('cancelled');
  });

  test('a kill switch stops it, and its result says so', async () => {
    const on = await open(road, 'modern');
    const client = await on.client();
    const taskId = await begin(client, { how: 'file' });
    const by = stage?.principal('user:olga', 'operator');
    const scope = { kind: 'agent', org: 'acme', name: 'desk-bot' } as const;
    if (by !== undefined) await on.plane.kill({ scope, by, reason: 'stop' });
    await expect.poll(() => statusOf(client, taskId)).toBe('completed');
    const result = resultOf(await get(client, taskId));
    expect([result['isError'], textOf(result)]).toEqual([true, expect.stringContaining('killed')]);
    await expect.poll(() => asked('tasks/cancel')).toMatchObject([{ id: 'task-1' }]);
    expect(await outcomes(on)).toEqual(['unknown']);
  });

  test('the end of its permit’s time stops it', async () => {
    const actions = { 'jobs.slow': { runTimeoutMs: 1_000 } };
    const on = await open(road, 'modern', { policy: { ...policy, actions } });
    const client = await on.client();
    const taskId = await begin(client, { how: 'file' });
    await expect.poll(() => statusOf(client, taskId), { timeout: 10_000 }).toBe('completed');
    expect(textOf(resultOf(await get(client, taskId)))).toContain('permit-expired');
    await expect.poll(() => asked('tasks/cancel')).toMatchObject([{ id: 'task-1' }]);
    expect(await on.eventsOf('permit-expired')).toMatchObject([{ started: true }]);
  });

  test('methods of 2025 are none, and what was said there of tasks says nothing here', async () => {
    const client = await (await open(road, 'legacy')).client();
    const taskId = await begin(client);
    for (const method of ['tasks/result', 'tasks/list']) {
      expect((await client.ask(method, { taskId })).error).toMatchObject({ code: -32_601 });
    }
    const plain = { ...call({}, 'plain'), task: { ttl: 60_000 } };
    expect((await client.ask('tools/call', plain)).result).toMatchObject({
      resultType: 'complete',
      content: [{ text: 'at once' }],
    });
  });
});

test('who listens to tasks is told that nothing will be told of them', async () => {
  const client = await (await open('http', 'modern')).client();
  await client.ask('subscriptions/listen', { notifications: { taskIds: ['any'] } });
  const [acknowledgement] = client.heard;
  expect(acknowledgement).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: {} },
  });
  expect(JSON.stringify(acknowledgement)).not.toContain('taskIds');
});

test('a client of 2025 is told of no extension', async () => {
  await open('stdio', 'modern');
  const client = await stage?.client();
  expect(client?.getServerCapabilities()).toMatchObject({ tools: {} });
  expect(client?.getServerCapabilities()?.extensions).toBeUndefined();
  await client?.close();
});

describe('what a call comes to', () => {
  test('a call that is denied is refused at once: there is no task', async () => {
    const denied = policyFor(['jobs.slow'], { tiers: { blocked: ['jobs.slow'] } });
    const client = await (await open('stdio', 'modern', { policy: denied })).client();
    const { result } = await client.ask('tools/call', call());
    expect(result).toMatchObject({ resultType: 'complete', isError: true });
    expect(noted()).toEqual([]);
  });

  test.each([
    { how: 'fail', outcome: 'failed', says: 'the disk is full' },
    { how: 'wrong', outcome: 'failed', says: 'it went wrong' },
    { how: 'garbage', outcome: 'unknown', says: 'is not known' },
    { how: 'cancelled', outcome: 'unknown', says: 'is not known' },
    { how: 'odd', outcome: 'unknown', says: 'is not known' },
    { how: 'big', outcome: 'succeeded', says: 'result-too-large' },
  ])(
    'a task that ends with `$how` has the result of such a call',
    async ({ how, outcome, says }) => {
      const on = await open('stdio', 'modern', { server: { resultBytesMax: 2_000 } });
      const client = await on.client();
      const taskId = await begin(client, { how });
      await expect.poll(() => statusOf(client, taskId)).toBe('completed');
      const result = resultOf(await get(client, taskId));
      expect([result['isError'], textOf(result)]).toEqual([true, expect.stringContaining(says)]);
      expect(await outcomes(on)).toEqual([outcome]);
    },
  );

  test('a call that is repeated under its key while the first is a task runs once', async () => {
    const on = await open('stdio', 'modern');
    const client = await on.client();
    const keyed = {
      ...call({ how: 'file' }),
      _meta: { 'agent-control-plane/idempotency-key': 'k' },
    };
    const { result: first } = await client.ask('tools/call', keyed);
    const again = client.ask('tools/call', keyed);
    end();
    expect((await again).result).toMatchObject({
      resultType: 'complete',
      content: [{ text: 'done' }],
    });
    await expect.poll(() => statusOf(client, String(first?.['taskId']))).toBe('completed');
    expect(noted().filter(({ called }) => called === 'slow')).toHaveLength(1);
    expect(await outcomes(on)).toEqual(['succeeded']);
  });

  test('who has to approve is asked first, in a round; then there is a task', async () => {
    const on = await open('stdio', 'modern', {
      policy: { ...policy, tiers: { alwaysApprove: ['jobs.slow'] } },
      file: { approvals: { atClient: { id: 'user:olga', org: 'acme', roles: ['approver'] } } },
    });
    const client = await on.client();
    const more = { capabilities: withBoth };
    const { result: round } = await client.ask('tools/call', call({ how: 'well' }), more);
    expect(round).toMatchObject({ resultType: 'input_required', inputRequests: { approval: {} } });
    const inputResponses = { approval: { action: 'accept', content: { decision: 'approve' } } };
    const answered = {
      ...call({ how: 'well' }),
      requestState: round?.['requestState'],
      inputResponses,
    };
    const { result } = await client.ask('tools/call', answered, more);
    expect(result).toMatchObject({ resultType: 'task' });
    await expect.poll(() => statusOf(client, String(result?.['taskId']))).toBe('completed');
    expect(await outcomes(on)).toEqual(['succeeded']);
  });
});

describe('what a server asks', () => {
  test.each([
    { says: 'that it knows of tasks', capabilities: withBoth, comes: 'task' },
    { says: 'nothing of tasks', capabilities: { elicitation: {} }, comes: 'complete' },
  ])(
    'before it begins is asked in a round; where the next request says $says it comes to `$comes`',
    async ({ capabilities, comes }) => {
      const on = await open('stdio', 'modern');
      const client = await on.client();
      const made = call({ how: 'first' });
      const { result: round = {} } = await client.ask('tools/call', made, {
        capabilities: withBoth,
      });
      expect(round).toMatchObject({ resultType: 'input_required' });
      const [key = ''] = Object.keys(questionsOf(round));
      const inputResponses = { [key]: { action: 'accept', content: { name: 'Ada' } } };
      const answered = { ...made, requestState: round['requestState'], inputResponses };
      const { result = {} } = await client.ask('tools/call', answered, { capabilities });
      expect(result['resultType']).toBe(comes);
      const taskId = String(result['taskId']);
      const done = async () => resultOf(await get(client, taskId));
      if (comes === 'task') {
        await expect.poll(() => statusOf(client, taskId)).toBe('completed');
      }
      expect(textOf(comes === 'task' ? await done() : result)).toBe('hello Ada');
      expect(await outcomes(on)).toEqual(['succeeded']);
    },
  );

  test('is asked of the task that it is about, and not of another call', async () => {
    const client = await (await open('stdio', 'legacy')).client();
    const more = { capabilities: withBoth };
    const [first, second] = [await begin(client, {}, more), await begin(client, {}, more)];
    await expect.poll(() => noted().at(-1)).toEqual({ waitedFor: 'server-task-2' });
    await finish(client, 'ask');
    await expect.poll(() => statusOf(client, second, more)).toBe('input_required');
    expect(await statusOf(client, first, more)).toBe('working');
    const { inputRequests } = await get(client, second, more);
    const [key = ''] = Object.keys(questionsOf({ inputRequests }));
    const said = { [key]: { action: 'accept', content: { name: 'Ada' } } };
    await client.ask('tasks/update', { taskId: first, inputResponses: said }, more);
    expect(await statusOf(client, second, more)).toBe('input_required');
    await client.ask('tasks/update', { taskId: second, inputResponses: said }, more);
    await expect.poll(() => statusOf(client, second, more)).toBe('completed');
    expect(textOf(resultOf(await get(client, second, more)))).toBe('hello Ada');
    expect(noted().filter(({ answered }) => answered !== undefined)).toHaveLength(1);
  });

  test('at once is shown at once, and each answer goes to what it answers', async () => {
    const client = await (await open('stdio', 'modern')).client();
    const more = { capabilities: withBoth };
    const taskId = await begin(client, { how: 'both' }, more);
    const keys = async () => {
      const { inputRequests } = await get(client, taskId, more);
      return Object.keys(questionsOf({ inputRequests }));
    };
    await expect.poll(keys).toHaveLength(2);
    const [first = '', second = ''] = await keys();
    const update = (key: string) => {
      const inputResponses = { [key]: { action: 'accept', content: {} } };
      return client.ask('tasks/update', { taskId, inputResponses }, more);
    };
    await update(second);
    expect(await keys()).toEqual([first]);
    await update(first);
    await expect.poll(() => statusOf(client, taskId, more)).toBe('completed');
    expect(textOf(resultOf(await get(client, taskId, more)))).toBe('two,one');
    expect(asked('tasks/update')).toHaveLength(2);
  });

  test('holds up no task that goes on without the answer', async () => {
    const client = await (await open('stdio', 'modern')).client();
    const more = { capabilities: withBoth };
    const taskId = await begin(client, { how: 'until' }, more);
    await expect.poll(() => statusOf(client, taskId, more)).toBe('input_required');
    end();
    await expect.poll(() => statusOf(client, taskId, more)).toBe('completed');
    const ended = await get(client, taskId, more);
    expect(ended).not.toHaveProperty('inputRequests');
    expect(textOf(resultOf(ended))).toBe('done');
  });

  test('is asked no more once the server gives it up', async () => {
    const client = await (await open('stdio', 'legacy')).client();
    const more = { capabilities: withBoth };
    const taskId = await begin(client, {}, more);
    await finish(client, 'ask');
    await expect.poll(() => statusOf(client, taskId, more)).toBe('input_required');
    await finish(client, 'drop');
    await expect.poll(() => statusOf(client, taskId, more)).toBe('working');
  });

  test('is shown to no request that does not say that its client can be asked it', async () => {
    const client = await (await open('stdio', 'modern')).client();
    const taskId = await begin(client, { how: 'ask' }, { capabilities: withBoth });
    const more = { capabilities: withBoth };
    await expect.poll(() => statusOf(client, taskId, more)).toBe('input_required');
    const { error } = await client.ask('tasks/get', { taskId }, { capabilities: withTasks });
    const data = { requiredCapabilities: { elicitation: {} } };
    expect(error).toMatchObject({ code: -32_021, data });
  });
});

test('what a server of 2025 says of its tasks in its own words is told to nobody', async () => {
  const client = await (await open('stdio', 'legacy')).client();
  const taskId = await begin(client);
  await expect.poll(() => noted().at(-1)).toEqual({ waitedFor: 'server-task-1' });
  await finish(client, 'say');
  await finish(client, 'well');
  await expect.poll(() => statusOf(client, taskId)).toBe('completed');
  expect(client.heard).toEqual([]);
  expect(stage?.reports).toEqual([]);
});

describe('whose a task is', () => {
  const about = (taskId: string): readonly (readonly [string, object])[] => [
    ['tasks/get', { taskId }],
    ['tasks/update', { taskId, inputResponses: {} }],
    ['tasks/cancel', { taskId }],
  ];

  test.each(['stdio', 'http'] as const)(
    'over %s, to another caller it is as unknown as one that is not there',
    async (road) => {
      const on = await open(road, 'modern');
      const mine = await on.client();
      const other = http === undefined ? await on.client() : rawHttp(http, 'bob');
      const taskId = await begin(mine, { how: 'file' });
      for (const id of [taskId, 'task-1', 'nobody-has-this', 7, undefined]) {
        for (const [method, params] of about(id as string)) {
          expect((await other.ask(method, params)).error).toEqual(unknownTask);
        }
      }
      expect(await statusOf(mine, taskId)).toBe('working');
      expect(asked('tasks/cancel')).toEqual([]);
    },
  );

  test('over HTTP, it outlives the request, whatever its client says of itself later', async () => {
    const on = await open('http', 'modern');
    const first = await on.client();
    const taskId = await begin(first, { how: 'file' }, { capabilities: withBoth });
    const later = await on.client();
    const more = { capabilities: { ...withTasks, sampling: {} } };
    expect(await statusOf(later, taskId, more)).toBe('working');
    end();
    await expect.poll(() => statusOf(later, taskId, more)).toBe('completed');
    expect(await outcomes(on)).toEqual(['succeeded']);
  });

  test('over HTTP, its servers are let go of for no other client while it runs', async () => {
    const on = await open('http', 'modern', { limits: { clientsPerPrincipalMax: 1 } });
    const client = await on.client();
    const taskId = await begin(client, { how: 'file' });
    // Whoever can be asked something else has servers of its own.
    const other = { capabilities: { ...withTasks, sampling: {} } };
    expect((await client.ask('tools/list', {}, other)).status).toBe(503);
    expect(await statusOf(client, taskId)).toBe('working');
    end();
    await expect.poll(() => statusOf(client, taskId)).toBe('completed');
    expect((await client.ask('tools/list', {}, other)).status).toBe(200);
    expect(await statusOf(client, taskId, other)).toBe('completed');
  });

  test('over HTTP, a session of 2025 of the same principal does not have it', async () => {
    const on = await open('http', 'legacy');
    const taskId = await begin(await on.client());
    const client = await http?.client('legacy', http.keys.ada);
    const ask = (method: string) => client?.request({ method, params: { taskId } }, rawResult);
    expect(await ask('tasks/list')).toEqual({ tasks: [] });
    await expect(ask('tasks/get')).rejects.toMatchObject({ code: -32_602 });
  });

  test('over HTTP, the end of the gateway stops it, and settles its call', async () => {
    const on = await open('http', 'modern');
    await begin(await on.client(), { how: 'file' });
    await http?.endpoint.close();
    expect(await outcomes(on)).toEqual(['unknown']);
    await stage?.close();
    [stage, http] = [undefined, undefined];
  });

  test('over stdio, it ends with its client', async () => {
    const on = await open('stdio', 'modern');
    const client = await on.client();
    await begin(client, { how: 'file' });
    await client.close();
    expect(await outcomes(on)).toEqual(['unknown']);
  });
});

describe('over HTTP, a request about a task names it in `Mcp-Name`', () => {
  test.each(['tasks/get', 'tasks/update', 'tasks/cancel'])('%s', async (method) => {
    const client = await (await open('http', 'modern')).client();
    const taskId = await begin(client, { how: 'file' });
    const params = { taskId, inputResponses: {} };
    for (const headers of [{ 'mcp-name': 'another' }, { 'mcp-method': 'tasks/list' }]) {
      const { status, error } = await client.ask(method, params, { headers });
      expect([status, error?.code]).toEqual([400, -32_020]);
    }
    expect(await statusOf(client, taskId)).toBe('working');
  });
});
