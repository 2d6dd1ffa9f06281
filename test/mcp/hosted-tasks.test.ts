/** Tasks that a client runs for servers: each is its server's own, under a name of the gateway's. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/engine/index.ts';
import { passingLimits, taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { HostedTasks } from '../../src/enforce/mcp/passing/hosted-tasks.ts';
import type { Upstream } from '../../src/enforce/mcp/upstream/upstream.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { program } from '../programs.ts';
import { realServer } from './real-servers.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';
import { accepted, sampled, TaskClient, type Tasks } from './task-client.ts';

const late = join(temporaryFolder(), 'late');
const command = [process.execPath, program('relay-server'), late];
const relay = { command, protocol: 'legacy' };
const names = ['ask', 'tell', 'heard', 'end', 'drop', 'flood', 'job'];
const policy = policyFor(
  ['one', 'two'].flatMap((server) => names.map((name) => `${server}.${name}`)),
);
const sampling = {
  method: 'sampling/createMessage',
  params: { messages: [], maxTokens: 9, task: { ttl: 60_000 } },
};
const related = 'io.modelcontextprotocol/related-task';

let stage: Stage | undefined;
let client: TaskClient | undefined;

afterEach(async () => {
  await client?.close();
  await stage?.close();
  client = undefined;
  stage = undefined;
});

async function open(
  tasks?: Tasks | 'none',
): Promise<{ readonly on: Stage; readonly by: TaskClient }> {
  stage = await Stage.open({ servers: { one: relay, two: relay }, policy });
  client = await TaskClient.connect(stage, tasks);
  return { on: stage, by: client };
}

/** Has a server ask for a sampling as a task; the server's name for it, and the client's. */
async function begin(by: TaskClient, server = 'one') {
  const { result } = await by.relay(server, 'ask', sampling);
  const { taskId } = (result as { readonly task: { readonly taskId: string } }).task;
  const task = by.asked.at(-1)?.task;
  if (task === undefined) throw new Error('assertion: the client made no task');
  return { taskId, task };
}

const about = (by: TaskClient, server: string, method: string, params: object = {}) =>
  by.relay(server, 'ask', { method, params });

interface Heard {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

async function heardBy(by: TaskClient, server: string, method: string) {
  const heard = (await by.relay(server, 'heard')) as unknown as Heard[];
  return heard.filter((each) => each.method === method);
}

test.each([
  { tool: 'trigger-sampling-request-async', says: 'sampled' },
  { tool: 'trigger-elicitation-request-async', says: 'Ada' },
])('$tool of a real server gets what its client’s task came to', async ({ tool, says }) => {
  stage = await Stage.open({
    servers: { all: { command: realServer('everything'), protocol: 'legacy' } },
    policy: policyFor([`all.${tool}`]),
  });
  const by = (client = await TaskClient.connect(stage));
  const given = tool.includes('sampling') ? { prompt: 'of the tides' } : {};
  const called = by.request('tools/call', { name: `all__${tool}`, arguments: given });
  await expect.poll(() => by.asked[0]?.task, { timeout: 10_000 }).toBeDefined();
  await by.asked[0]?.task?.end();
  const result = JSON.stringify(await called);
  expect(result).toContain('[COMPLETED]');
  expect(result).toContain(says);
  expect(result).not.toContain(by.asked[0]?.task?.id ?? '');
});

test('a server gets and cancels its own tasks under names that are not the client’s', async () => {
  const { by } = await open();
  const { taskId, task } = await begin(by);
  expect(taskId).not.toBe(task.id);
  expect(by.asked[0]?.params['task']).toEqual({ ttl: 60_000 });
  const { result: got } = await about(by, 'one', 'tasks/get', { taskId });
  expect(got).toMatchObject({ taskId, status: 'working', ttl: 60_000 });
  const waiting = about(by, 'one', 'tasks/result', { taskId });
  await task.end();
  expect((await waiting).result).toEqual({ ...sampled, _meta: { [related]: { taskId } } });
  const second = await begin(by);
  const { result: cancelled } = await about(by, 'one', 'tasks/cancel', { taskId: second.taskId });
  expect(cancelled).toMatchObject({ taskId: second.taskId, status: 'cancelled' });
});

test('to another server a task is as unknown as one that is not there', async () => {
  const { by } = await open();
  const { taskId, task } = await begin(by);
  const unknown = await about(by, 'two', 'tasks/get', { taskId: 'nobody-has-this' });
  expect(unknown.error).toMatchObject({ code: -32_602 });
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    for (const id of [taskId, task.id]) {
      expect(await about(by, 'two', method, { taskId: id })).toEqual(unknown);
    }
    // Nor does the server that asked know it by the client's name.
    expect(await about(by, 'one', method, { taskId: task.id })).toEqual(unknown);
  }
  expect((await about(by, 'two', 'tasks/list')).result).toEqual({ tasks: [] });
  const { result: listed } = await about(by, 'one', 'tasks/list');
  const tasks: unknown = [expect.objectContaining({ taskId, status: 'working' })];
  expect(listed).toEqual({ tasks });
});

test('how far a task is, is told to the server that asked, under its name, and to no other', async () => {
  const { by } = await open();
  const { taskId, task } = await begin(by);
  await task.end();
  const method = 'notifications/tasks/status';
  await expect.poll(() => heardBy(by, 'one', method)).toHaveLength(1);
  const [said] = await heardBy(by, 'one', method);
  expect(said?.params).toMatchObject({ taskId, status: 'completed' });
  expect(JSON.stringify(said)).not.toContain(task.id);
  expect(await heardBy(by, 'two', method)).toEqual([]);
});

test('progress goes to the server under its own token, until the task has ended', async () => {
  const { by } = await open();
  const params = { ...sampling.params, _meta: { progressToken: 'of the server' } };
  await by.relay('one', 'ask', { ...sampling, params });
  const [asked] = by.asked;
  await asked?.progress(1);
  const method = 'notifications/progress';
  await expect
    .poll(() => heardBy(by, 'one', method))
    .toMatchObject([{ params: { progressToken: 'of the server', progress: 1 } }]);
  await asked?.task?.end();
  await expect.poll(() => heardBy(by, 'one', 'notifications/tasks/status')).toHaveLength(1);
  await asked?.progress(2);
  expect(await heardBy(by, 'one', method)).toHaveLength(1);
});

test('what is said of a task of the client is said in each side’s names', async () => {
  const { by } = await open();
  const created = await by.request('tools/call', {
    name: 'one__job',
    arguments: {},
    task: { ttl: 60_000 },
  });
  const { taskId } = created['task'] as { readonly taskId: string };
  await expect.poll(() => heardBy(by, 'one', 'job')).toHaveLength(1);
  // The task is known to run once the server was asked for its result.
  const meta = (id: string) => ({ _meta: { [related]: { taskId: id } } });
  const question = { ...sampling, params: { messages: [], maxTokens: 9, ...meta('job-1') } };
  await expect
    .poll(async () => {
      await by.relay('one', 'ask', question);
      return by.asked.at(-1)?.params['_meta'];
    })
    .toEqual({ [related]: { taskId } });
  // Another server has no such task, whatever it says.
  await by.relay('two', 'ask', question);
  expect(by.asked.at(-1)?.params['_meta']).toBeUndefined();
  await by.relay('one', 'end');
  await by.request('tasks/result', { taskId });
});

test('what a client says of a task that it runs reaches the server that asked in its name', async () => {
  const { by } = await open();
  const { taskId, task } = await begin(by);
  const call = (server: string) =>
    by.request('tools/call', {
      name: `${server}__job`,
      arguments: {},
      task: { ttl: 60_000 },
      _meta: { [related]: { taskId: task.id } },
    });
  await call('one');
  await call('two');
  await expect
    .poll(() => heardBy(by, 'one', 'job'))
    .toMatchObject([{ params: { _meta: { [related]: { taskId } } } }]);
  await expect.poll(() => heardBy(by, 'two', 'job')).toHaveLength(1);
  expect(JSON.stringify(await heardBy(by, 'two', 'job'))).not.toContain('related-task');
});

describe('what a client runs as a task is what servers are told', () => {
  const saidTo = async (by: TaskClient) => {
    const [{ params } = { params: {} }] = await heardBy(by, 'one', 'initialize');
    return (params as { readonly capabilities?: Record<string, unknown> }).capabilities?.['tasks'];
  };

  test('all of it', async () => {
    const requests = { sampling: { createMessage: {} }, elicitation: { create: {} } };
    const { by } = await open();
    expect(await saidTo(by)).toEqual({ list: {}, cancel: {}, requests });
  });

  test('a part of it: the rest is asked as if nobody had spoken of tasks', async () => {
    const { by } = await open({ requests: { elicitation: { create: {} } } });
    expect(await saidTo(by)).toEqual({ requests: { elicitation: { create: {} } } });
    expect((await by.relay('one', 'ask', sampling)).result).toEqual(sampled);
    expect(by.asked[0]?.params).not.toHaveProperty('task');
    for (const method of ['tasks/list', 'tasks/cancel'])
      expect((await about(by, 'one', method)).error).toMatchObject({ code: -32_601 });
  });

  test('nothing', async () => {
    const { by } = await open('none');
    expect(await saidTo(by)).toBeUndefined();
    const params = {
      message: 'who?',
      requestedSchema: { type: 'object', properties: {} },
      task: {},
    };
    const { result } = await by.relay('one', 'ask', { method: 'elicitation/create', params });
    expect(result).toEqual(accepted);
    expect(by.asked[0]?.params).not.toHaveProperty('task');
    expect((await about(by, 'one', 'tasks/get', { taskId: 'x' })).error).toMatchObject({
      code: -32_601,
    });
  });
});

test('a kill switch stops what a server asks of the client, its own tasks too', async () => {
  const { on, by } = await open();
  const { taskId } = await begin(by);
  const waiting = about(by, 'one', 'tasks/result', { taskId });
  waiting.catch(() => {});
  expect((await about(by, 'one', 'tasks/get', { taskId })).result).toMatchObject({ taskId });
  const scope = { kind: 'agent', org: 'acme', name: 'desk-bot' } as const;
  const operator = on.principal('user:olga', 'operator');
  await on.plane.kill({ scope, by: operator, reason: 'stop' });
  // The server asks when it hears that its call was cancelled.
  await expect.poll(() => existsSync(late)).toBe(true);
  expect(JSON.parse(readFileSync(late, 'utf8'))).toMatchObject({
    error: { code: -32_600, message: 'a kill switch covers this request' },
  });
});

test('a question that its server gives up ends at the client, and its server hears no more of it', async () => {
  stage = await Stage.open({ servers: { one: relay, two: relay }, policy });
  const [asked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isGivenUp = false;
  const asking = await stage.client({ capabilities: { sampling: {} } }, (each) => {
    each.setRequestHandler('sampling/createMessage', async (_, { mcpReq: { signal } }) => {
      signal.addEventListener('abort', () => (isGivenUp = true));
      asked.resolve();
      await over.promise;
      return sampled as never;
    });
  });
  const params = { messages: [], maxTokens: 9 };
  // Its server gets no answer any more, and so gives none.
  const giveUp = new AbortController();
  const waiting = asking.callTool(
    { name: 'one__ask', arguments: { ...sampling, params } },
    { signal: giveUp.signal },
  );
  await asked.promise;
  await asking.callTool({ name: 'one__drop', arguments: {} });
  await expect.poll(() => isGivenUp).toBe(true);
  over.resolve();
  giveUp.abort();
  await expect(waiting).rejects.toThrow('abort');
});

test('of a server that says how far it is all the time, a part is passed on', async () => {
  const servers = { one: relay, two: relay };
  stage = await Stage.open({ servers, policy, clock: new FakeClock() });
  const one = await stage.client();
  const heard: number[] = [];
  const onprogress = ({ progress }: { progress: number }): void => void heard.push(progress);
  await one.callTool({ name: 'one__flood', arguments: {} }, { onprogress });
  // By its clock all of them came in one second.
  const first = Array.from({ length: passingLimits.notificationsPerSecondMax }, (_, at) => at + 1);
  expect(heard).toEqual(first);
});

describe('what a client runs for servers', () => {
  const [at, other] = [{}, {}] as Upstream[];
  const request = { method: 'sampling/createMessage', params: { task: {} } } as const;

  function hosting(ttl: number | null) {
    const waits: { readonly ms: number; readonly run: () => void }[] = [];
    let made = 0;
    const after: Clock['after'] = (ms, run) => {
      waits.push({ ms, run });
      return () => {};
    };
    const ask = async () => ({ task: { taskId: `theirs-${(made += 1)}`, status: 'working', ttl } });
    const hosted = new HostedTasks({ clock: { now: () => 0, after } as Clock, ask });
    return {
      hosted,
      waits,
      begin: (server = at) => hosted.begin(server as Upstream, request, () => {}),
    };
  }

  test('is bounded for each server', async () => {
    const { begin: one } = hosting(60_000);
    await Promise.all(Array.from({ length: taskLimits.hostedMax }, () => one()));
    await expect(one()).rejects.toThrow(`at most ${taskLimits.hostedMax} tasks`);
    // Those that were asked for and not answered yet count as well.
    const { begin: begun } = hosting(60_000);
    const many = Array.from({ length: taskLimits.hostedMax + 3 }, () => begun());
    const refused = (await Promise.allSettled(many)).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(3);
    await expect(one(other)).resolves.toHaveProperty('task');
  });

  test.each([
    { ttl: 60_000, kept: 60_000 },
    { ttl: 0, kept: taskLimits.ttlMsMin },
    { ttl: null, kept: taskLimits.ttlMsMax },
    { ttl: Number.MAX_VALUE, kept: taskLimits.ttlMsMax },
  ])('for $ttl ms is known for $kept', async ({ ttl, kept }) => {
    const { hosted, waits, begin: one } = hosting(ttl);
    await one();
    expect(waits.map(({ ms }) => ms)).toEqual([kept]);
    expect(hosted.nameAt(at as Upstream, 'theirs-1')).toBeDefined();
    waits[0]?.run();
    expect(hosted.nameAt(at as Upstream, 'theirs-1')).toBeUndefined();
  });
});
