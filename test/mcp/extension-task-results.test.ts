/** What calls of clients of 2026-07-28 come to that their server runs as tasks: what any other call comes to. */
import { describe, expect, test } from 'vitest';
import {
  begin,
  call,
  end,
  get,
  noted,
  open,
  outcomes,
  policy,
  resultOf,
  statusOf,
} from './extension-stage.ts';
import { withBoth } from './raw-client.ts';
import { policyFor, textOf } from './stage.ts';

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
