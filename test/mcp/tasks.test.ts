/** Calls that a client makes as tasks, and tools that run in no other way: each is one call to the kernel. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Client, Notification } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/engine/index.ts';
import { ClientTasks, type TaskWork } from '../../src/enforce/mcp/call/client-tasks.ts';
import { RunningTasks } from '../../src/enforce/mcp/call/running-tasks.ts';
import { taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { TaskStore } from '../../src/enforce/mcp/call/task-store.ts';
import { rawResult, type RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { program } from '../programs.ts';
import { realServer } from './real-servers.ts';
import { policyFor, Stage, type StageOptions, temporaryFolder, textOf } from './stage.ts';

const server = program('task-server');
const actions = ['slow', 'either', 'plain', 'finish'].map((name) => `jobs.${name}`);

let stage: Stage | undefined;
let journal = '';

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(options: Partial<StageOptions> = {}): Promise<Stage> {
  journal = join(temporaryFolder(), 'journal');
  const command = [process.execPath, server, journal];
  const servers = { jobs: { command, protocol: 'legacy' } };
  stage = await Stage.open({ servers, policy: policyFor(actions), ...options });
  return stage;
}

/** What the server was asked, by what is in each line. */
function asked(member: 'called' | 'waitedFor' | 'cancelled' | 'progressToken'): unknown[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Record<string, unknown>)[member])
    .filter((each) => each !== undefined);
}

function ask(client: Client, method: string, params: Record<string, unknown> = {}) {
  return client.request({ method, params }, rawResult);
}

interface Shown {
  readonly taskId: string;
  readonly status: string;
  readonly statusMessage?: string;
}

async function begin(client: Client, name: string, more: object = {}): Promise<Shown> {
  const params = { name, arguments: {}, task: { ttl: 60_000 }, ...more };
  return (await ask(client, 'tools/call', params))['task'] as Shown;
}

const finish = (client: Client, how = 'well') =>
  client.callTool({ name: 'jobs__finish', arguments: { how } });

const statusOf = async (client: Client, taskId: string): Promise<unknown> =>
  (await ask(client, 'tasks/get', { taskId }))['status'];

function refusal(result: RawResult): unknown {
  return (result['_meta'] as RawResult)['agent-control-plane/refusal'];
}

test('the task of a real server goes from working to completed, and gives its report', async () => {
  stage = await Stage.open({
    servers: { everything: { command: realServer('everything'), protocol: 'legacy' } },
    policy: policyFor(['everything.simulate-research-query']),
  });
  const client = await stage.client();
  expect(client.getServerCapabilities()?.tasks).toMatchObject({ list: {}, cancel: {} });
  const { tools } = await client.listTools();
  const name = 'everything__simulate-research-query';
  expect(tools.find((each) => each.name === name)?.execution).toEqual({ taskSupport: 'required' });
  const { taskId, status } = await begin(client, name, { arguments: { topic: 'tides' } });
  expect(status).toBe('working');
  const result = await ask(client, 'tasks/result', { taskId });
  expect(textOf(result)).toContain('# Research Report: tides');
  expect(result['_meta']).toMatchObject({
    'io.modelcontextprotocol/related-task': { taskId },
  });
  expect(await statusOf(client, taskId)).toBe('completed');
  expect(await stage.eventsOf('permit-settled')).toMatchObject([{ outcome: 'succeeded' }]);
});

test('the answer to a call that became a task has the task, and no content', async () => {
  const client = await (await open()).client();
  const params = { name: 'jobs__slow', arguments: {}, task: {} };
  expect(Object.keys(await ask(client, 'tools/call', params))).toEqual(['task']);
});

test('a task is permitted when it begins, and settled when its result is known', async () => {
  const { eventsOf } = bound(await open());
  const client = await stageClient();
  const { taskId } = await begin(client, 'jobs__slow');
  await expect.poll(() => asked('waitedFor')).toEqual(['server-task-1']);
  const decided = await eventsOf('action-decided');
  expect(decided).toMatchObject([{ tool: 'jobs__slow', outcome: 'allow', permit: 'started' }]);
  expect(await eventsOf('permit-settled')).toEqual([]);
  const shown = await ask(client, 'tasks/get', { taskId });
  expect(shown).toMatchObject({
    taskId,
    status: 'working',
    statusMessage: 'half way',
    ttl: 60_000,
  });
  await finish(client);
  const result = await ask(client, 'tasks/result', { taskId });
  expect(textOf(result)).toBe('it is done');
  expect(JSON.stringify(result)).not.toContain('server-task');
  expect((await eventsOf('permit-settled'))[0]).toMatchObject({ outcome: 'succeeded' });
});

describe('how a task ends is how its call is settled', () => {
  const rows = [
    { how: 'fail', outcome: 'failed', says: 'it went wrong' },
    { how: 'error', outcome: 'failed', says: 'the disk is full' },
    { how: 'garbage', outcome: 'unknown', says: 'is not known' },
    { how: 'die', outcome: 'unknown', says: 'is not known' },
  ];
  test.each(rows)('$how: $outcome', async ({ how, outcome, says }) => {
    const { eventsOf } = bound(await open());
    const client = await stageClient();
    const { taskId } = await begin(client, 'jobs__slow');
    await expect.poll(() => asked('waitedFor')).toHaveLength(1);
    await finish(client, how);
    const result = await ask(client, 'tasks/result', { taskId });
    expect([result['isError'], textOf(result)]).toEqual([true, expect.stringContaining(says)]);
    expect(await statusOf(client, taskId)).toBe('failed');
    const settled = await eventsOf('permit-settled');
    expect(settled).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome })]) as unknown,
    );
  });
});

test('what is denied is denied as a task, and nothing reaches the server', async () => {
  const rules = [{ id: 'no', effect: 'deny', match: { action: 'jobs.slow' } }];
  await open({ policy: policyFor(actions, { rules }) });
  const client = await stageClient();
  const { taskId } = await begin(client, 'jobs__slow');
  const result = await ask(client, 'tasks/result', { taskId });
  expect(refusal(result)).toMatchObject({ code: 'policy-denied' });
  expect(await statusOf(client, taskId)).toBe('failed');
  expect(asked('called')).toEqual([]);
});

test('a task that waits for an approver runs once it is approved, and once', async () => {
  const rules = [{ id: 'ask', effect: 'require-approval', match: { action: 'jobs.slow' } }];
  const on = await open({
    policy: policyFor(actions, { rules }),
    file: { approvals: { waitMs: 600_000 } },
  });
  const client = await stageClient();
  const { taskId } = await begin(client, 'jobs__slow');
  await expect.poll(() => on.plane.pendingTickets('acme')).toHaveLength(1);
  expect([await statusOf(client, taskId), asked('called')]).toEqual(['working', []]);
  const [ticket] = on.plane.pendingTickets('acme');
  await on.plane.approve({ ticket: ticket?.id ?? '', by: on.principal('user:bob', 'approver') });
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  await finish(client);
  expect(textOf(await ask(client, 'tasks/result', { taskId }))).toBe('it is done');
  expect(asked('called')).toEqual(['slow', 'finish']);
});

describe('how far a task is', () => {
  const method = 'notifications/progress';
  const heard: Notification[] = [];
  const hearing = (client: Client): void => {
    heard.length = 0;
    client.setNotificationHandler(method, (said) => void heard.push(said));
  };
  const wish = { _meta: { progressToken: 'of the client' } };

  test('is told under the client’s token for as long as it runs, and no longer', async () => {
    const client = await (await open()).client({}, hearing);
    const { taskId } = await begin(client, 'jobs__slow', wish);
    await expect.poll(() => asked('waitedFor')).toHaveLength(1);
    expect(asked('progressToken')).toEqual([expect.any(Number)]);
    await finish(client, 'progress');
    await finish(client, 'progress');
    const meta = { 'io.modelcontextprotocol/related-task': { taskId } };
    const step = (progress: number) => {
      const told = { progress, total: 9, message: `step ${progress}` };
      return { method, params: { ...told, progressToken: 'of the client', _meta: meta } };
    };
    await expect.poll(() => heard).toEqual([step(1), step(2)]);
    await finish(client);
    await ask(client, 'tasks/result', { taskId });
    await finish(client, 'progress');
    // What is told of the next task comes behind all that was told of this one.
    const next = await begin(client, 'jobs__slow', { _meta: { progressToken: 7 } });
    await expect.poll(() => asked('waitedFor')).toHaveLength(2);
    await finish(client, 'progress');
    await expect.poll(() => heard.length).toBe(3);
    expect(heard[2]?.params).toMatchObject({
      progressToken: 7,
      progress: 4,
      _meta: { 'io.modelcontextprotocol/related-task': { taskId: next.taskId } },
    });
  });

  test('is not asked for where the client did not ask', async () => {
    const client = await (await open()).client({}, hearing);
    await begin(client, 'jobs__slow');
    await expect.poll(() => asked('waitedFor')).toHaveLength(1);
    await finish(client, 'progress');
    expect([asked('progressToken'), heard]).toEqual([[], []]);
  });

  test('is told to a client that waits for the result, under the token of its call', async () => {
    const client = await (await open()).client();
    const steps: unknown[] = [];
    const onprogress = (progress: object) => void steps.push(progress);
    const called = client.callTool({ name: 'jobs__slow', arguments: {} }, { onprogress });
    await expect.poll(() => asked('waitedFor')).toHaveLength(1);
    await finish(client, 'progress');
    await expect.poll(() => steps).toEqual([{ progress: 1, total: 9, message: 'step 1' }]);
    await finish(client);
    expect(textOf(await called)).toBe('it is done');
  });

  const ends = [
    { how: 'what the client cancelled', end: (tasks: ClientTasks, id: string) => tasks.cancel(id) },
    {
      how: 'the time of a task',
      end: (_: ClientTasks, __: string, clock: FakeClock) => clock.advance(60_000),
    },
  ];
  test.each(ends)('ends with $how, whatever its server still says', async ({ end }) => {
    const said: string[] = [];
    const tell = ({ method: each }: Notification) => void said.push(each);
    const clock = new FakeClock();
    const running = new RunningTasks(new TaskStore(clock), { context: 'ada' });
    const tasks = new ClientTasks(running, tell);
    const { promise: working, resolve } = Promise.withResolvers<TaskWork>();
    const { task } = tasks.start({ ttl: 60_000, progressToken: 1 }, async (work) => {
      resolve(work);
      return new Promise(() => {});
    }) as { readonly task: Shown };
    const { onprogress } = await working;
    onprogress?.({ progress: 1 });
    end(tasks, task.taskId, clock);
    onprogress?.({ progress: 2 });
    expect(said).toEqual([method]);
  });
});

test('a task is its client’s own', async () => {
  await open();
  const [mine, other] = [await stageClient(), await stageClient()];
  const { taskId } = await begin(mine, 'jobs__slow');
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    for (const id of [taskId, 'server-task-1']) {
      const answer = ask(other, method, { taskId: id });
      await expect(answer).rejects.toMatchObject({ code: -32_602 });
    }
  }
  expect(await ask(other, 'tasks/list')).toEqual({ tasks: [] });
  expect(await ask(mine, 'tasks/list')).toMatchObject({ tasks: [{ taskId, status: 'working' }] });
  expect(asked('cancelled')).toEqual([]);
});

test('a cancelled task is cancelled at the server, and nobody knows what it did', async () => {
  const { eventsOf } = bound(await open());
  const client = await stageClient();
  const { taskId } = await begin(client, 'jobs__slow');
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  expect(await ask(client, 'tasks/cancel', { taskId })).toMatchObject({ status: 'cancelled' });
  expect((await ask(client, 'tasks/result', { taskId }))['isError']).toBe(true);
  // The server reads in order: what it was told before this call it has heard by then.
  await finish(client);
  expect(asked('cancelled')).toEqual(['server-task-1']);
  expect((await eventsOf('permit-settled'))[0]).toMatchObject({ outcome: 'unknown' });
  expect(await statusOf(client, taskId)).toBe('cancelled');
  await expect(ask(client, 'tasks/cancel', { taskId })).rejects.toMatchObject({ code: -32_602 });
});

test('a kill switch stops a task that runs', async () => {
  const on = await open();
  const client = await stageClient();
  const { taskId } = await begin(client, 'jobs__slow');
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  const by = on.principal('user:olga', 'operator');
  const scope = { kind: 'agent', org: 'acme', name: 'desk-bot' } as const;
  await on.plane.kill({ scope, by, reason: 'stop' });
  expect(refusal(await ask(client, 'tasks/result', { taskId }))).toMatchObject({ code: 'killed' });
  await expect.poll(() => asked('cancelled')).toEqual(['server-task-1']);
  expect(await on.eventsOf('permit-settled')).toMatchObject([{ outcome: 'unknown' }]);
});

test('the call of a client that goes away is stopped, and its end is waited for', async () => {
  const running = new RunningTasks(new TaskStore(systemClock), { context: 'ada' });
  const tasks = new ClientTasks(running, () => {});
  const seen: string[] = [];
  tasks.start({}, async ({ signal }) => {
    await once(signal, 'abort');
    seen.push('stopped');
    await setImmediate();
    seen.push('settled');
    return { content: [] };
  });
  await setImmediate();
  await running.close();
  expect(seen).toEqual(['stopped', 'settled']);
  expect(tasks.list()).toEqual({ tasks: [] });
});

test('of a task whose client went away, nobody knows what it did', async () => {
  const { eventsOf } = bound(await open());
  const client = await stageClient();
  await begin(client, 'jobs__slow');
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  await client.close();
  await expect.poll(() => eventsOf('permit-settled')).toMatchObject([{ outcome: 'unknown' }]);
});

test('a tool that only runs as a task runs for a client that knows of none, of either era', async () => {
  const on = await open();
  for (const client of [await on.client(), await on.modernClient()]) {
    const before = asked('waitedFor').length;
    const called = client.callTool({ name: 'jobs__slow', arguments: {} });
    await expect.poll(() => asked('waitedFor')).toHaveLength(before + 1);
    await finish(client);
    // Each client has a server of its own, and the one that finishes is the one that waits.
    expect(textOf(await called)).toBe('it is done');
  }
});

test('what a tool does not support is refused, and what it need not be is not made a task', async () => {
  const { eventsOf } = bound(await open());
  const client = await stageClient();
  await expect(begin(client, 'jobs__plain')).rejects.toMatchObject({ code: -32_601 });
  expect(await eventsOf('action-decided')).toEqual([]);
  const at = await client.callTool({ name: 'jobs__either', arguments: {} });
  expect(textOf(at)).toBe('at once');
  const { taskId } = await begin(client, 'jobs__either');
  await expect.poll(() => asked('waitedFor')).toHaveLength(1);
  await finish(client);
  expect(textOf(await ask(client, 'tasks/result', { taskId }))).toBe('it is done');
});

test('a tool that only runs as a task is not offered where its server runs none', async () => {
  const command = [process.execPath, server, join(temporaryFolder(), 'journal'), 'nothing'];
  const on = await open({ servers: { jobs: { command, protocol: 'legacy' } } });
  const client = await stageClient();
  expect(client.getServerCapabilities()?.tasks).toBeUndefined();
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toEqual(['jobs__either', 'jobs__plain', 'jobs__finish']);
  expect(on.reports.join('\n')).toContain('its server runs none');
  await expect(ask(client, 'tasks/list')).rejects.toMatchObject({ code: -32_601 });
});

test('a client has only so many tasks', async () => {
  const on = await open({ policy: policyFor(actions, { tiers: { blocked: ['**'] } }) });
  const client = await on.client();
  const begun = Array.from({ length: taskLimits.tasksMax }, () => begin(client, 'jobs__slow'));
  await Promise.all(begun);
  await expect(begin(client, 'jobs__slow')).rejects.toThrow('at most 256 tasks');
});

function stageClient(): Promise<Client> {
  if (stage === undefined) throw new Error('assertion: there is no stage');
  return stage.client();
}

function bound(on: Stage) {
  return { eventsOf: (...types: string[]) => on.eventsOf(...types) };
}
