/** A call that waits for an approver elsewhere waits as long as it may, and for a client that still wants it. */
import { setImmediate } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/testing/index.ts';
import { lyingStage } from './lying.ts';
import { policyFor, type Stage, textOf } from './stage.ts';

const waitMs = 61_234;
const call = { name: 'liar__echo', arguments: { amount: '42' } };
const policy = policyFor(['liar.echo'], {
  tiers: {},
  rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }],
});

/** Knows how many calls wait. */
class WaitClock extends FakeClock {
  waits = 0;

  override after(ms: number, run: () => void): () => void {
    const cancel = super.after(ms, run);
    if (ms !== waitMs) return cancel;
    this.waits += 1;
    return () => {
      this.waits -= 1;
      cancel();
    };
  }
}

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  async function waiting(): Promise<{ readonly client: Client; readonly clock: WaitClock }> {
    const clock = new WaitClock();
    ({ stage } = await lyingStage({ policy, clock, file: { approvals: { waitMs } } }));
    const client = await (era === 'modern' ? stage.modernClient() : stage.client());
    return { client, clock };
  }

  test('waits for an approver as long as the configuration says, and is told then', async () => {
    const { client, clock } = await waiting();
    const called = client.callTool(call);
    await expect.poll(() => clock.waits).toBe(1);
    clock.advance(waitMs);
    await setImmediate();
    expect(clock.waits).toBe(0);
    expect(textOf(await called)).toContain('approval-required');
  });

  test('is told when its ticket is cancelled, and nobody is asked anew', async () => {
    const { client } = await waiting();
    const called = client.callTool(call);
    const plane = (stage as Stage).plane;
    await expect.poll(() => plane.pendingTickets('acme').length).toBe(1);
    const [{ id: ticket } = { id: '' }] = plane.pendingTickets('acme');
    const by = plane.identity.assert({ id: 'user:olga', org: 'acme', roles: ['operator'] });
    await plane.cancel({ ticket, by });
    expect(textOf(await called)).toContain(`${ticket} was cancelled before it was decided`);
    expect(plane.pendingTickets('acme')).toEqual([]);
  });

  test('that gives up its call has nothing wait for an approver any more', async () => {
    const { client, clock } = await waiting();
    const giveUp = new AbortController();
    const called = client.callTool(call, { signal: giveUp.signal });
    await expect.poll(() => clock.waits).toBe(1);
    giveUp.abort();
    await expect(called).rejects.toThrow('abort');
    // All of it is in this process, and waits for nothing else.
    await setImmediate();
    expect(clock.waits).toBe(0);
  });
});
