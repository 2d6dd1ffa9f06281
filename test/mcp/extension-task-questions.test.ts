/** What servers ask in tasks of clients of 2026-07-28: asked where it belongs, and answered once. */
import { describe, expect, test } from 'vitest';
import {
  asked,
  begin,
  call,
  end,
  finish,
  get,
  noted,
  open,
  outcomes,
  questionsOf,
  resultOf,
  statusOf,
} from './extension-stage.ts';
import { withBoth, withTasks } from './raw-client.ts';
import { textOf } from './stage.ts';

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
      const said = async (): Promise<unknown> => {
        if (comes !== 'task') return textOf(result);
        const ended = await get(client, String(result['taskId']));
        return ended['status'] === 'completed' ? textOf(resultOf(ended)) : undefined;
      };
      await expect.poll(said).toBe('hello Ada');
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

describe.each(['stdio', 'http'] as const)('over %s', (road) => {
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
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
    const params = { message: 'Who are you?', requestedSchema };
    expect(question).toEqual({ method: 'elicitation/create', params });
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
});
