/**
 * Tasks towards clients of 2026-07-28 (`io.modelcontextprotocol/tasks`): a call that its server runs as a task is
 * answered with one where the client knows of them, and it is one call to the kernel from its begin to its end.
 */
import { describe, expect, test } from 'vitest';
import {
  asked,
  begin,
  call,
  end,
  finish,
  get,
  noted,
  now,
  open,
  outcomes,
  policy,
  resultOf,
  settled,
  statusOf,
} from './extension-stage.ts';
import { extension } from './raw-client.ts';
import { textOf } from './stage.ts';

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

  test('a request that does not say that its client knows of tasks waits for the result', async () => {
    const client = await (await open(road, 'modern')).client();
    for (const capabilities of [
      {},
      { tasks: { list: {}, cancel: {} } },
      { extensions: { 'com.example/other': {} } },
    ]) {
      const { result } = await client.ask('tools/call', call({ how: 'well' }), { capabilities });
      expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'done' }] });
    }
  });

  test('a client that does not say that it knows of tasks asks about none', async () => {
    const client = await (await open(road, 'modern')).client();
    const taskId = await begin(client, { how: 'file' });
    const data = { requiredCapabilities: { extensions: { [extension]: {} } } };
    const about: readonly (readonly [string, object])[] = [
      ['tasks/get', { taskId }],
      ['tasks/update', { taskId, inputResponses: {} }],
      ['tasks/cancel', { taskId }],
      ['subscriptions/listen', { notifications: { taskIds: [taskId] } }],
    ];
    for (const [method, params] of about) {
      const answer = await client.ask(method, params, { capabilities: { elicitation: {} } });
      expect(answer).toMatchObject({ error: { code: -32_021, data } });
      expect(answer.status ?? 400).toBe(400);
    }
    expect(await statusOf(client, taskId)).toBe('working');
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

  test('for a client that knows of none, a tool of 2025 that can do without is no task', async () => {
    const client = await (await open(road, 'legacy')).client();
    const { result } = await client.ask('tools/call', call({}, 'either'), { capabilities: {} });
    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'at once' }] });
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

test('a kill switch stops it, and its result says so', async () => {
  const on = await open('http', 'modern');
  const client = await on.client();
  const taskId = await begin(client, { how: 'file' });
  const by = now.stage?.principal('user:olga', 'operator');
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
  const on = await open('http', 'modern', { policy: { ...policy, actions } });
  const client = await on.client();
  const taskId = await begin(client, { how: 'file' });
  await expect.poll(() => statusOf(client, taskId), { timeout: 10_000 }).toBe('completed');
  expect(textOf(resultOf(await get(client, taskId)))).toContain('permit-expired');
  await expect.poll(() => asked('tasks/cancel')).toMatchObject([{ id: 'task-1' }]);
  expect(await on.eventsOf('permit-expired')).toMatchObject([{ started: true }]);
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
  const client = await now.stage?.client();
  expect(client?.getServerCapabilities()).toMatchObject({ tools: {} });
  expect(client?.getServerCapabilities()?.extensions).toBeUndefined();
  await client?.close();
});

test('what a server of 2025 says of its tasks in its own words is told to nobody', async () => {
  const client = await (await open('stdio', 'legacy')).client();
  const taskId = await begin(client);
  await expect.poll(() => noted().at(-1)).toEqual({ waitedFor: 'server-task-1' });
  await finish(client, 'say');
  await finish(client, 'well');
  await expect.poll(() => statusOf(client, taskId)).toBe('completed');
  expect(client.heard).toEqual([]);
  expect(now.stage?.reports).toEqual([]);
});
