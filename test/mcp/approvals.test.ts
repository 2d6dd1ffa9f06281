/** Calls that wait for an approver: asked at the client in both eras, or elsewhere, and run once. */
import { setImmediate } from 'node:timers/promises';
import type { Client, ElicitResult } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { type Liar, lyingStage } from './lying.ts';
import { policyFor, type Stage, textOf } from './stage.ts';

let stage: Stage;
let liar: Liar;

afterEach(() => stage.close());

const policy = policyFor(['liar.echo'], {
  tiers: {},
  rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }],
});
const atClient = { id: 'user:olga', org: 'acme', roles: ['approver'] };

type Answer = (message: string) => ElicitResult | Promise<ElicitResult>;

async function clientThat(
  era: 'legacy' | 'modern',
  answer: Answer,
  approvals: object = { atClient },
): Promise<Client> {
  ({ stage, liar } = await lyingStage({ policy, file: { approvals } }));
  const options = { capabilities: { elicitation: {} } };
  const prepare = (client: Client): void => {
    client.setRequestHandler('elicitation/create', ({ params }) => answer(params.message));
  };
  return era === 'modern' ? stage.modernClient(options, prepare) : stage.client(options, prepare);
}

const call = { name: 'liar__echo', arguments: { amount: '42' } };
const approve = (): ElicitResult => ({ action: 'accept', content: { decision: 'approve' } });

async function ticketStatus(): Promise<unknown[]> {
  return (await stage.plane.tickets('acme')).map(({ status }) => status);
}

describe('a client that goes away while its call waits', () => {
  /** What is left of the ticket, and what the next connection is told. */
  async function goneAndBack(session: object): Promise<readonly [unknown[], string]> {
    ({ stage, liar } = await lyingStage({ policy, file: { session } }));
    const first = await stage.client();
    expect(textOf(await first.callTool(call))).toContain('is pending');
    await stage.clientsLeave();
    const left = await ticketStatus();
    for (const { id } of stage.plane.pendingTickets('acme')) {
      await stage.plane.approve({ ticket: id, by: stage.principal('user:bob', 'approver') });
    }
    return [left, textOf(await (await stage.client()).callTool(call))];
  }

  test('finds its ticket approved when it comes back to the session of a key, and the call runs once', async () => {
    const [left, told] = await goneAndBack({ key: 'desk' });
    expect(left).toEqual(['pending']);
    expect(told).toContain('42');
    expect(liar.callsOf('echo')).toHaveLength(1);
  });

  test('without a key takes the ticket along, and asks anew', async () => {
    const [left, told] = await goneAndBack({});
    expect(left).toEqual(['cancelled']);
    expect(told).toContain('is pending');
    expect(liar.callsOf('echo')).toEqual([]);
  });
});

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  test('is shown the card, and its yes runs the call once', async () => {
    let shown = '';
    const client = await clientThat(era, (message) => {
      shown = message;
      return approve();
    });
    const result = await client.callTool(call);
    expect(result.isError).not.toBe(true);
    expect(shown).toContain('APPROVAL');
    expect(shown).toContain('42');
    expect(liar.callsOf('echo')).toHaveLength(1);
    expect(await ticketStatus()).toEqual(['consumed']);
    const approvals = await stage.eventsOf('ticket-approved');
    expect(approvals).toHaveLength(1);
  });

  test.each([
    ['declines', { action: 'decline' }],
    ['says no', { action: 'accept', content: { decision: 'deny' } }],
  ] as const)('that %s denies the call, and it is not asked again', async (_, answer) => {
    let times = 0;
    const client = await clientThat(era, () => {
      times += 1;
      return answer;
    });
    const result = await client.callTool(call);
    expect(textOf(result)).toContain('approval-denied');
    expect(await ticketStatus()).toEqual(['denied']);
    expect(textOf(await client.callTool(call))).toContain('approval-denied');
    expect(times).toBe(1);
    expect(liar.callsOf('echo')).toEqual([]);
  });

  test('that closes the question leaves the ticket to others', async () => {
    const client = await clientThat(era, () => ({ action: 'cancel' }));
    const result = await client.callTool(call);
    expect(textOf(result)).toContain('approval-required');
    expect(await ticketStatus()).toEqual(['pending']);
    expect(liar.callsOf('echo')).toEqual([]);
  });

  test('cannot approve where the configuration names nobody at the client', async () => {
    let asked = false;
    const client = await clientThat(
      era,
      () => {
        asked = true;
        return approve();
      },
      {},
    );
    expect(textOf(await client.callTool(call))).toContain('approval-required');
    expect(asked).toBe(false);
  });

  test('whoever is at the client decides no more than the policy lets them', async () => {
    const nobody = { atClient: { ...atClient, roles: ['auditor'] } };
    const client = await clientThat(era, approve, nobody);
    expect((await client.callTool(call)).isError).toBe(true);
    expect(await ticketStatus()).toEqual(['pending']);
    expect(liar.callsOf('echo')).toEqual([]);
  });

  test('gets the result when somebody approves elsewhere while the question is open', async () => {
    const client = await clientThat(era, async () => {
      const [ticket] = stage.plane.pendingTickets('acme');
      const by = stage.principal('user:bob', 'approver');
      await stage.plane.approve({ ticket: ticket?.id ?? '', by });
      // The question stays open: nobody answers it.
      return era === 'modern' ? { action: 'cancel' } : new Promise(() => {});
    });
    const result = await client.callTool(call);
    expect(result.isError).not.toBe(true);
    expect(liar.callsOf('echo')).toHaveLength(1);
  });

  test('whose answer comes second changes nothing: what others decided holds', async () => {
    const client = await clientThat(era, async () => {
      const [ticket] = stage.plane.pendingTickets('acme');
      await stage.plane.deny({
        ticket: ticket?.id ?? '',
        by: stage.principal('user:bob', 'approver'),
      });
      return approve();
    });
    expect(textOf(await client.callTool(call))).toContain('approval-denied');
    expect(liar.callsOf('echo')).toEqual([]);
  });

  test('that can open pages and show no forms is not asked', async () => {
    ({ stage, liar } = await lyingStage({ policy, file: { approvals: { atClient } } }));
    const options = { capabilities: { elicitation: { url: {} } } };
    const client = await (era === 'modern' ? stage.modernClient(options) : stage.client(options));
    expect(textOf(await client.callTool(call))).toContain('approval-required');
    expect(await ticketStatus()).toEqual(['pending']);
  });

  test('waits where the configuration says so, and goes on once somebody decides', async () => {
    const client = await clientThat(era, approve, { waitMs: 30_000 });
    const waiting = client.callTool(call);
    await expect.poll(() => stage.plane.pendingTickets('acme').length).toBe(1);
    const [ticket] = stage.plane.pendingTickets('acme');
    await stage.plane.approve({
      ticket: ticket?.id ?? '',
      by: stage.principal('user:bob', 'approver'),
    });
    expect((await waiting).isError).not.toBe(true);
    expect(liar.callsOf('echo')).toHaveLength(1);
  });

  test('that is not able to be asked is told, and resumes by calling again', async () => {
    ({ stage, liar } = await lyingStage({ policy, file: { approvals: { atClient } } }));
    const client = await (era === 'modern' ? stage.modernClient() : stage.client());
    const held = await client.callTool(call);
    const refusal = held._meta?.['agent-control-plane/refusal'] as { readonly ticket?: string };
    expect(textOf(held)).toContain(`Ticket: ${refusal.ticket}`);
    const by = stage.principal('user:bob', 'approver');
    await stage.plane.approve({ ticket: refusal.ticket ?? '', by });
    expect((await client.callTool(call)).isError).not.toBe(true);
    expect(textOf(await client.callTool(call))).toContain('approval-required');
    expect(liar.callsOf('echo')).toHaveLength(1);
  });
});

test('of a client that could not be asked, the ticket waits for others, and somebody is told', async () => {
  const client = await clientThat('legacy', () => {
    throw new Error('the window is closed');
  });
  expect(textOf(await client.callTool(call))).toContain('approval-required');
  expect(await ticketStatus()).toEqual(['pending']);
  expect(stage.reports.join('\n')).toMatch(
    /the client could not be asked about ticket .*the window is closed/,
  );
});

test('a client that gives up its call is asked about it no longer', async () => {
  ({ stage, liar } = await lyingStage({ policy, file: { approvals: { atClient } } }));
  const asked = Promise.withResolvers<AbortSignal>();
  const client = await stage.client({ capabilities: { elicitation: {} } }, (made) => {
    made.setRequestHandler('elicitation/create', (_, { mcpReq: { signal } }) => {
      asked.resolve(signal);
      return new Promise(() => {});
    });
  });
  const giveUp = new AbortController();
  const called = client.callTool(call, { signal: giveUp.signal });
  const signal = await asked.promise;
  expect(signal.aborted).toBe(false);
  giveUp.abort();
  await expect(called).rejects.toThrow('abort');
  // All of it is in this process, and waits for nothing else.
  await setImmediate();
  expect(signal.aborted).toBe(true);
  expect(await ticketStatus()).toEqual(['pending']);
});

interface Round {
  readonly requestState?: string;
  readonly inputRequests?: Readonly<Record<string, unknown>>;
}

/** Makes requests by hand, as a client could that wants more than it may. */
async function byHand(client: Client, params: Record<string, unknown>): Promise<Round> {
  const request = { method: 'tools/call' as const, params };
  return (await client.request(request, { allowInputRequired: true })) as Round;
}

describe('the state of a round', () => {
  const yes = { approval: approve() };

  test('is good for the call that it was given for, and for no other', async () => {
    const client = await clientThat('modern', approve);
    const { requestState = '' } = await byHand(client, call);
    const other = { ...call, arguments: { amount: '4200' }, requestState, inputResponses: yes };
    const again = await byHand(client, other);
    expect(again.inputRequests).toBeDefined();
    expect(liar.callsOf('echo')).toEqual([]);
    expect(await ticketStatus()).toEqual(['pending', 'pending']);
  });

  test('is good once', async () => {
    const client = await clientThat('modern', approve);
    const { requestState = '' } = await byHand(client, call);
    await byHand(client, { ...call, requestState, inputResponses: yes });
    const again = await byHand(client, { ...call, requestState, inputResponses: yes });
    expect(again.inputRequests).toBeDefined();
    expect(liar.callsOf('echo')).toHaveLength(1);
  });

  test('that was changed, or made for another session, is refused', async () => {
    const client = await clientThat('modern', approve);
    const { requestState = '' } = await byHand(client, call);
    const changed = `${requestState.slice(0, -2)}AA`;
    const tried = byHand(client, { ...call, requestState: changed, inputResponses: yes });
    await expect(tried).rejects.toThrow('Invalid or expired requestState');
    const other = await stage.modernClient({ capabilities: { elicitation: {} } });
    const stolen = byHand(other, { ...call, requestState, inputResponses: yes });
    await expect(stolen).rejects.toThrow('Invalid or expired requestState');
    expect(liar.callsOf('echo')).toEqual([]);
  });

  test('an answer without its state decides nothing', async () => {
    const client = await clientThat('modern', approve);
    await byHand(client, call);
    const forged = await byHand(client, { ...call, inputResponses: yes });
    expect(forged.inputRequests).toBeDefined();
    expect(liar.callsOf('echo')).toEqual([]);
  });
});
