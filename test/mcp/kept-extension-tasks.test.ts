/** How many tasks a client of 2026-07-28 has, for how long, and how much is asked in one of them. */
import type { CallToolResult } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { ExtensionTasks } from '../../src/enforce/mcp/call/extension-tasks.ts';
import { ParkedCalls, type ParkedRound } from '../../src/enforce/mcp/call/parked.ts';
import { RunningTasks } from '../../src/enforce/mcp/call/running-tasks.ts';
import { TaskStore } from '../../src/enforce/mcp/call/task-store.ts';
import { passingLimits, taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { FakeClock } from '../../src/testing/index.ts';

const done: CallToolResult = { content: [{ type: 'text', text: 'done' }] };
const running = { at: {}, id: 'theirs', progress: async () => undefined };
const as = (result: CallToolResult): CallToolResult => result;
const anything = { method: 'elicitation/create', params: { message: 'Who?' } } as const;
const able = { elicitation: {} };

function setUp(context = 'ada', store = new TaskStore(new FakeClock())) {
  const clock = store.clock as FakeClock;
  const calls = new ParkedCalls(clock);
  const tasks = new ExtensionTasks(new RunningTasks(store, { context }));
  let made = 0;
  const begin = () => {
    made += 1;
    const { promise, resolve } = Promise.withResolvers<CallToolResult>();
    const call = calls.start(`${context}-${made}`, () => promise);
    const task = tasks.adopt(call, running, as);
    if (task !== undefined) call.becomes(task);
    return { call, task, id: call.id, end: () => resolve(done) };
  };
  return { clock, calls, tasks, begin };
}

test('what runs is kept for as long as it may run, and what has ended for a time after its end', async () => {
  const { clock, tasks, begin } = setUp();
  const { id, end, call } = begin();
  expect(await tasks.get(id, {})).toMatchObject({ ttlMs: taskLimits.ttlMsMax });
  clock.advance(taskLimits.ttlMs * 2);
  end();
  await call.result;
  await expect.poll(() => tasks.get(id, {})).toMatchObject({ status: 'completed' });
  // It counts from when it was made.
  expect(await tasks.get(id, {})).toMatchObject({ ttlMs: taskLimits.ttlMs * 3 });
  clock.advance(taskLimits.ttlMs - 1);
  expect(await tasks.get(id, {})).toMatchObject({ result: done });
  clock.advance(1);
  await expect(tasks.get(id, {})).rejects.toThrow('there is no such task');
});

test('what runs for longer than anything may is stopped, and known no more', async () => {
  const { clock, tasks, begin } = setUp();
  const { id, call } = begin();
  clock.advance(taskLimits.ttlMsMax - 1);
  expect(call.giveUp.signal.aborted).toBe(false);
  clock.advance(1);
  expect(call.giveUp.signal.aborted).toBe(true);
  await expect(tasks.get(id, {})).rejects.toThrow('there is no such task');
});

test('beyond so many tasks, a call is waited for as any other', async () => {
  const { begin } = setUp();
  for (let each = 0; each < taskLimits.tasksMax; each += 1) begin();
  const { task, call, end } = begin();
  expect([task, call.isTask]).toEqual([undefined, false]);
  const next = call.next({
    signal: new AbortController().signal,
    onprogress: undefined,
    knowsTasks: true,
  });
  end();
  expect(await next).toEqual({ kind: 'result', result: done });
});

test('beyond so many questions of one task, its server is refused another', async () => {
  const { calls, tasks, begin } = setUp();
  const { id } = begin();
  const another = begin();
  const _meta = { 'io.modelcontextprotocol/related-task': { taskId: id } };
  const question = { ...anything, params: { ...anything.params, _meta } };
  const asked = Array.from({ length: taskLimits.questionsMax }, () => calls.ask(question));
  await expect(calls.ask(question)).rejects.toThrow('could be asked');
  const keys = async () => Object.keys((await tasks.get(id, able))['inputRequests'] as object);
  const [key = ''] = await keys();
  tasks.update(id, { accepted: { [key]: { action: 'decline' } }, malformed: [] });
  expect(await asked[0]).toEqual({ action: 'decline' });
  void calls.ask(question).catch(() => {});
  const later = await keys();
  // A key is that of one question for as long as the task is there.
  expect([later.length, later.includes(key)]).toEqual([taskLimits.questionsMax, false]);
  // Nor is another task asked in its place.
  expect(another.call.questions.size).toBe(0);
  for (const each of asked) each.catch(() => {});
});

test('a question that nobody answers is given up, and one of a call that is over is too', async () => {
  const { clock, calls, tasks, begin } = setUp();
  const { id, end } = begin();
  const late = calls.ask(anything);
  clock.advance(passingLimits.questionMs);
  await expect(late).rejects.toThrow('did not answer in time');
  expect(await tasks.get(id, able)).toMatchObject({ status: 'working' });
  const open = calls.ask(anything);
  end();
  await expect(open).rejects.toThrow('the call is over');
});

test('a call that is waited for is asked before a task is, unless it is about the task', async () => {
  const { calls, tasks, begin } = setUp();
  const { id } = begin();
  const waited = calls.start('waited', () => new Promise(() => {}));
  void calls.ask(anything).catch(() => {});
  expect([waited.questions.size, (await tasks.get(id, able))['status']]).toEqual([1, 'working']);
  const _meta = { 'io.modelcontextprotocol/related-task': { taskId: id } };
  void calls.ask({ ...anything, params: { ...anything.params, _meta } }).catch(() => {});
  expect(await tasks.get(id, able)).toMatchObject({ status: 'input_required' });
  expect(waited.questions.size).toBe(1);
});

test('a question that its server has given up already is not put to the client', async () => {
  const { calls, tasks, begin } = setUp();
  const { id } = begin();
  const asked = calls.ask({ ...anything, signal: AbortSignal.abort() });
  await expect(asked).rejects.toThrow('asked no more');
  expect(await tasks.get(id, able)).toMatchObject({ status: 'working' });
});

test('a call that became a task tells the request that it answered of no progress', async () => {
  const { calls } = setUp();
  const told: number[] = [];
  let tell: ParkedRound['onprogress'];
  const call = calls.start('told', async ({ onprogress }) => {
    tell = onprogress;
    return new Promise(() => {});
  });
  const { signal } = new AbortController();
  const onprogress = ({ progress }: { readonly progress: number }) => void told.push(progress);
  const next = call.next({ signal, onprogress, knowsTasks: true });
  tell?.({ progress: 1 });
  call.becomes({ taskId: 'told' });
  expect(await next).toMatchObject({ kind: 'task' });
  tell?.({ progress: 2 });
  expect(told).toEqual([1]);
});

test('a later request that knows of no tasks is put what its call’s task asks, one after the other', async () => {
  const { calls, begin } = setUp();
  const { call } = begin();
  const round = { signal: new AbortController().signal, onprogress: undefined, knowsTasks: false };
  const said = [calls.ask(anything), calls.ask(anything)];
  for (const [place, answer] of said.entries()) {
    const id = `q${place + 1}`;
    expect(await call.next(round)).toMatchObject({ kind: 'question', id });
    expect(call.answer(id, { place })).toBe(true);
    expect(await answer).toEqual({ place });
  }
});

test('a task that has ended can be asked nothing more, also where a question was with its client', async () => {
  const { calls, begin } = setUp();
  const { id, call, end } = begin();
  calls.ask(anything).catch(() => {});
  expect(calls.find(id)).toBe(call);
  end();
  await expect.poll(() => calls.find(id)).toBeUndefined();
});

test('a task that ends while its server is asked how far it is has ended', async () => {
  const { calls, tasks } = setUp();
  const { promise, resolve } = Promise.withResolvers<CallToolResult>();
  const call = calls.start('silent', () => promise);
  tasks.adopt(call, { ...running, progress: () => new Promise(() => {}) }, as);
  const got = tasks.get('silent', {});
  resolve(done);
  expect(await got).toMatchObject({ status: 'completed', result: done });
});

test('a task of a client that went away is not kept again once it has ended', async () => {
  const store = new TaskStore(new FakeClock());
  const ofClient = new RunningTasks(store, { context: 'ada' });
  const { promise, resolve } = Promise.withResolvers<CallToolResult>();
  const call = new ParkedCalls(store.clock).start('left', () => promise);
  new ExtensionTasks(ofClient).adopt(call, running, as);
  expect(store.of('ada')).toHaveLength(1);
  const closed = ofClient.close();
  resolve(done);
  await closed;
  expect(store.of('ada')).toEqual([]);
});

test.each([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
] as const)(
  'what is asked by `%s` is told to who declares `%s` only',
  async (method, capability) => {
    const { calls, tasks, begin } = setUp();
    const { id } = begin();
    calls.ask({ method, params: {} }).catch(() => {});
    const others = { sampling: {}, elicitation: {}, roots: {}, [capability]: undefined };
    const data = { requiredCapabilities: { [capability]: {} } };
    await expect(tasks.get(id, others)).rejects.toMatchObject({ code: -32_021, data });
    const shown = await tasks.get(id, { [capability]: {} });
    expect(shown).toMatchObject({ status: 'input_required', inputRequests: { q1: { method } } });
  },
);

test('the tasks of all clients have a bound of their own', () => {
  const store = new TaskStore(new FakeClock());
  const { tasksMax, tasksOfAllMax } = taskLimits;
  for (let who = 0; who < tasksOfAllMax / tasksMax; who += 1) {
    const { begin } = setUp(`principal ${who}`, store);
    for (let each = 0; each < tasksMax; each += 1) begin();
  }
  expect(setUp('late', store).begin().task).toBeUndefined();
});
