/** Whose tasks of 2026-07-28 are: they are known to no other caller, and outlive what they may outlive. */
import { describe, expect, test } from 'vitest';
import { rawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { asked, begin, end, now, open, outcomes, statusOf } from './extension-stage.ts';
import { rawHttp, withBoth, withTasks } from './raw-client.ts';

const unknownTask = { code: -32_602, message: 'there is no such task' };

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
      const other = now.http === undefined ? await on.client() : rawHttp(now.http, 'bob');
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
    const client = await now.http?.client('legacy', now.http.keys.ada);
    const ask = (method: string) => client?.request({ method, params: { taskId } }, rawResult);
    expect(await ask('tasks/list')).toEqual({ tasks: [] });
    await expect(ask('tasks/get')).rejects.toMatchObject({ code: -32_602 });
  });

  test('over HTTP, the end of the gateway stops it, and settles its call', async () => {
    const on = await open('http', 'modern');
    await begin(await on.client(), { how: 'file' });
    await now.http?.endpoint.close();
    expect(await outcomes(on)).toEqual(['unknown']);
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
