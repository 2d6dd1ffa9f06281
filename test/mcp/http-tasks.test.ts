/** Tasks over HTTP: a principal's own, over all its connections, until they end or their time is over. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Client,
  Notification,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/engine/index.ts';
import { ClientTasks } from '../../src/enforce/mcp/call/client-tasks.ts';
import { RunningTasks } from '../../src/enforce/mcp/call/running-tasks.ts';
import { taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { rawResult, type RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { TaskStore } from '../../src/enforce/mcp/call/task-store.ts';
import { program } from '../programs.ts';
import { HttpStage, type HttpStageOptions } from './http-stage.ts';
import { policyFor, temporaryFolder, textOf } from './stage.ts';

const server = program('task-server');
const policy = policyFor(['slow', 'either', 'plain', 'finish'].map((name) => `jobs.${name}`));

let http: HttpStage | undefined;
let journal = '';

afterEach(async () => {
  await http?.close();
  http = undefined;
});

async function open(more: HttpStageOptions = {}): Promise<HttpStage> {
  journal = join(temporaryFolder(), 'journal');
  const command = [process.execPath, server, journal];
  http = await HttpStage.open({
    servers: { jobs: { command, protocol: 'legacy' } },
    policy,
    ...more,
  });
  return http;
}

function journalHas(member: 'waitedFor' | 'cancelled'): boolean {
  return existsSync(journal) && readFileSync(journal, 'utf8').includes(`"${member}"`);
}

function ask(client: Client, method: string, params: Record<string, unknown> = {}) {
  return client.request({ method, params }, rawResult);
}

async function begin(client: Client, more: object = {}): Promise<string> {
  const params = { name: 'jobs__slow', arguments: {}, task: { ttl: 60_000 }, ...more };
  const { task } = (await ask(client, 'tools/call', params)) as { readonly task?: unknown };
  await expect.poll(() => journalHas('waitedFor')).toBe(true);
  return (task as { readonly taskId: string }).taskId;
}

/** The client's session is over, as it says itself. */
async function leave(client: Client): Promise<void> {
  await (client.transport as StreamableHTTPClientTransport).terminateSession();
  await client.close();
}

const statusOf = async (client: Client, taskId: string): Promise<unknown> =>
  (await ask(client, 'tasks/get', { taskId }))['status'];

const settled = ({ stage }: HttpStage) => stage.eventsOf('permit-settled');

test('a task goes on when its client goes, and its principal has its result when it is back', async () => {
  const on = await open();
  const first = await on.client('legacy', on.keys.ada);
  const taskId = await begin(first);
  await leave(first);
  const back = await on.client('legacy', on.keys.ada);
  expect(await ask(back, 'tasks/list')).toMatchObject({ tasks: [{ taskId, status: 'working' }] });
  expect(await ask(back, 'tasks/get', { taskId })).toMatchObject({ statusMessage: 'half way' });
  expect(await settled(on)).toEqual([]);
  writeFileSync(`${journal}.finish`, '');
  await statusOf(back, taskId);
  const result = await ask(back, 'tasks/result', { taskId });
  expect(textOf(result)).toBe('it is done');
  expect(await statusOf(back, taskId)).toBe('completed');
  expect(await settled(on)).toMatchObject([{ outcome: 'succeeded' }]);
  expect(journalHas('cancelled')).toBe(false);
  // What is kept is kept for whoever comes later too.
  await leave(back);
  const later = await on.client('legacy', on.keys.ada);
  expect(textOf(await ask(later, 'tasks/result', { taskId }))).toBe('it is done');
});

test('a task that lasted is cancelled from another connection, at the server that runs it', async () => {
  const on = await open();
  const first = await on.client('legacy', on.keys.ada);
  const taskId = await begin(first);
  await leave(first);
  const back = await on.client('legacy', on.keys.ada);
  expect(await ask(back, 'tasks/cancel', { taskId })).toMatchObject({ status: 'cancelled' });
  await expect.poll(() => journalHas('cancelled')).toBe(true);
  await expect.poll(() => settled(on)).toMatchObject([{ outcome: 'unknown' }]);
  expect(await statusOf(back, taskId)).toBe('cancelled');
});

test('to another principal, a task is as unknown as one that is not there', async () => {
  const on = await open();
  const ada = await on.client('legacy', on.keys.ada);
  const taskId = await begin(ada);
  const bob = await on.client('legacy', on.keys.bob);
  const answers = (id: string) =>
    Promise.all(
      ['tasks/get', 'tasks/result', 'tasks/cancel'].map((method) =>
        ask(bob, method, { taskId: id }).then(
          () => 'an answer',
          (failure: unknown) => {
            const { code, message, data } = failure as Record<string, unknown>;
            return { code, message, data };
          },
        ),
      ),
    );
  const unknown = await answers('nobody-has-this');
  expect(unknown).toMatchObject([{ code: -32_602 }, { code: -32_602 }, { code: -32_602 }]);
  expect(await answers(taskId)).toEqual(unknown);
  expect(await answers('server-task-1')).toEqual(unknown);
  expect(await ask(bob, 'tasks/list')).toEqual({ tasks: [] });
  expect(await statusOf(ada, taskId)).toBe('working');
});

test('how far a task is, is told to the client that made it, under its own name, and at its end', async () => {
  const on = await open();
  const method = 'notifications/tasks/status';
  const heard = { ada: [] as Notification[], bob: [] as Notification[] };
  const client = (who: 'ada' | 'bob') =>
    on.client('legacy', on.keys[who], {}, (made) => {
      made.fallbackNotificationHandler = async (said) => {
        if (said.method === method) heard[who].push(said);
      };
    });
  const [ada, bob] = [await client('ada'), await client('bob')];
  const taskId = await begin(ada);
  const finish = (how: string) => ada.callTool({ name: 'jobs__finish', arguments: { how } });
  // That it has ended is the gateway's to say, once its call is settled.
  await finish('claim');
  await finish('say');
  const nearly = { taskId, status: 'working', statusMessage: 'nearly there', ttl: 60_000 };
  await expect.poll(() => JSON.stringify(heard.ada)).toContain('nearly there');
  expect(heard.ada).toMatchObject([{ method, params: nearly }]);
  const [{ params: said } = { params: {} }] = heard.ada;
  expect(said).toHaveProperty('createdAt', expect.not.stringMatching(/^1970/) as unknown);
  await finish('well');
  await expect.poll(() => statusOf(ada, taskId)).toBe('completed');
  // What is said of another task comes behind all that was said of this one.
  const next = await begin(ada);
  await expect.poll(() => readFileSync(journal, 'utf8')).toContain('"waitedFor":"server-task-2"');
  await finish('say');
  await expect.poll(() => JSON.stringify(heard.ada)).toContain(next);
  const done = { method, params: { taskId, status: 'completed' } };
  expect(heard.ada).toMatchObject([{ method }, done, { params: { ...nearly, taskId: next } }]);
  expect(JSON.stringify(heard.ada)).not.toContain('server-task');
  await bob.ping();
  expect(heard.bob).toEqual([]);
});

test('its progress is told to the client that made it, and to no other', async () => {
  const on = await open();
  const method = 'notifications/progress';
  const heard = { ada: [] as Notification[], again: [] as Notification[] };
  const client = (which: 'ada' | 'again') =>
    on.client('legacy', on.keys.ada, {}, (made) => {
      made.setNotificationHandler(method, (said) => void heard[which].push(said));
    });
  const [ada, again] = [await client('ada'), await client('again')];
  const taskId = await begin(ada, { _meta: { progressToken: 'step' } });
  const tell = () => ada.callTool({ name: 'jobs__finish', arguments: { how: 'progress' } });
  await tell();
  await expect
    .poll(() => heard.ada)
    .toMatchObject([{ params: { progressToken: 'step', progress: 1 } }]);
  expect(JSON.stringify(heard.ada)).toContain(taskId);
  await again.ping();
  expect(heard.again).toEqual([]);
});

test('where nobody says who they are, a task is its connection’s, and goes with it', async () => {
  const on = await open({ http: { authentication: [] } });
  const [first, other] = [
    await on.client('legacy', undefined),
    await on.client('legacy', undefined),
  ];
  const taskId = await begin(first);
  await expect(ask(other, 'tasks/get', { taskId })).rejects.toMatchObject({ code: -32_602 });
  expect(await ask(other, 'tasks/list')).toEqual({ tasks: [] });
  await leave(first);
  await expect.poll(() => settled(on)).toMatchObject([{ outcome: 'unknown' }]);
});

test('the end of the gateway stops a task whose client is gone, and settles its call', async () => {
  const on = await open();
  const first = await on.client('legacy', on.keys.ada);
  await begin(first);
  await leave(first);
  await on.endpoint.close();
  expect(await settled(on)).toMatchObject([{ outcome: 'unknown' }]);
  await on.stage.close();
  http = undefined;
});

describe('what is kept', () => {
  const forEver = () => new Promise<never>(() => {});
  const tasksOf = (context: string, store: TaskStore) =>
    new ClientTasks(new RunningTasks(store, { context }), () => {});

  test('ends with its time: what runs is stopped, and is known no more', async () => {
    const waiting: { readonly ms: number; readonly task: () => void }[] = [];
    const after = (ms: number, task: () => void) => {
      waiting.push({ ms, task });
      return () => {};
    };
    const tasks = tasksOf('a', new TaskStore({ ...systemClock, now: () => 0, after }));
    let stopped = false;
    const { task } = tasks.start({ ttl: 5_000 }, async ({ signal }) => {
      signal.addEventListener('abort', () => void (stopped = true));
      return forEver();
    }) as { readonly task: { readonly taskId: string; readonly ttl: number } };
    await Promise.resolve();
    expect([task.ttl, waiting.map(({ ms }) => ms), stopped]).toEqual([5_000, [5_000], false]);
    waiting[0]?.task();
    expect(stopped).toBe(true);
    await expect(tasks.get(task.taskId)).rejects.toThrow('there is no such task');
    expect(tasks.list()).toEqual({ tasks: [] });
  });

  test.each([
    { asked: 0, gets: taskLimits.ttlMsMin },
    { asked: undefined, gets: taskLimits.ttlMs },
    { asked: 'for ever', gets: taskLimits.ttlMs },
    { asked: Number.MAX_SAFE_INTEGER, gets: taskLimits.ttlMsMax },
  ])('for $asked ms is kept for $gets', ({ asked, gets }) => {
    const clock = { ...systemClock, after: () => () => {} };
    const tasks = tasksOf('a', new TaskStore(clock));
    const shown: RawResult = tasks.start({ ttl: asked }, forEver);
    expect(shown).toMatchObject({ task: { ttl: gets } });
  });

  test('is bounded for each principal, and for all of them', () => {
    const store = new TaskStore({ ...systemClock, after: () => () => {} });
    const { tasksMax, tasksOfAllMax } = taskLimits;
    for (let who = 0; who < tasksOfAllMax / tasksMax; who += 1) {
      const tasks = tasksOf(`principal ${who}`, store);
      for (let each = 0; each < tasksMax; each += 1) tasks.start({ ttl: 0 }, forEver);
      expect(() => tasks.start({ ttl: 0 }, forEver)).toThrow(`at most ${tasksMax} tasks`);
    }
    const late = tasksOf('late', store);
    expect(() => late.start({ ttl: 0 }, forEver)).toThrow('too many tasks');
  });
});
