/** Edit, then approve: the call is made as an approver edited it, decided again from the start. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from './shop.ts';

interface Refund {
  readonly orderId: string;
  readonly amount: string;
}

async function open(policy: object = {}) {
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { policy: { ...shopPolicy, ...policy } });
  const people = staff(plane);
  const session = await plane.openSession({
    principal: people.billing,
    agent: 'bot',
    budget: { usd: '100' },
  });
  const ran: Refund[] = [];
  const governed = guard(session, {
    ...refund,
    execute: (call: Refund) => {
      ran.push(call);
      return { refunded: call.amount };
    },
  });
  const asked = async (call: Refund, more = {}) => {
    await codeOf(governed(call, more));
    const [ticket] = plane.pendingTickets('acme').toReversed();
    return ticket?.id ?? '';
  };
  return { plane, fleet, people, session, governed, ran, asked };
}

const call = { orderId: 'o-1', amount: '80' };
const edit = { orderId: 'o-1', amount: '8' };

test('the code runs once, with the arguments that the approver wrote', async () => {
  const { plane, fleet, people, session, governed, ran, asked } = await open();
  const ticket = await asked(call);
  await plane.approve({ ticket, by: people.ada, edit, reason: 'eighty is a typo' });
  expect(await governed(call)).toEqual({ refunded: '8' });
  expect(ran).toEqual([edit]);
  expect((await plane.budget(session.id, 'usd'))?.posted).toBe(8_000_000);
  expect((await plane.ticket(ticket))?.status).toBe('consumed');
  expect(await codeOf(governed(call))).toBe('approval-required');
  expect(ran).toHaveLength(1);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('once an edit is used up, the call as it was made first is asked about anew', async () => {
  const { plane, people, session, governed, asked } = await open();
  await plane.approve({ ticket: await asked(call), by: people.ada, edit });
  await governed(call);
  const again = await session.authorize({ tool: bindTool(refund), arguments: session.read(call) });
  expect(again.outcome).toBe('require-approval');
  expect(plane.pendingTickets('acme')).toMatchObject([{ estimate: { usd: 80_000_000 } }]);
  await plane.close();
});

test('whoever waits for the approver goes on with the edited call', async () => {
  const { plane, people, governed, ran } = await open();
  const waiting = governed(call, { waitForApproval: true });
  let ticket: string | undefined;
  while (ticket === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    ticket = plane.pendingTickets('acme')[0]?.id;
  }
  await plane.approve({ ticket, by: people.ada, edit });
  expect(await waiting).toEqual({ refunded: '8' });
  expect(ran).toEqual([edit]);
  await plane.close();
});

test('an edited call is decided from the start: policy, budget and schema can refuse it', async () => {
  const rules = [
    {
      id: 'not-there',
      effect: 'deny',
      match: { action: 'order.refund', resource: 'order/secret*' },
    },
  ];
  const { plane, people, governed, ran, asked } = await open({ rules });
  const outcomes: string[] = [];
  for (const [orderId, edited] of [
    ['o-1', { orderId: 'secret-1', amount: '1' }],
    ['o-2', { orderId: 'o-2', amount: '500' }],
  ] as const) {
    const ticket = await asked({ orderId, amount: '2' });
    await plane.approve({ ticket, by: people.ada, edit: edited });
    outcomes.push(await codeOf(governed({ orderId, amount: '2' })));
  }
  expect(outcomes).toEqual(['policy-denied', 'budget-exceeded']);
  expect(ran).toEqual([]);
  await plane.close();
});

test('what cannot be edited is refused, and the ticket stays as it was', async () => {
  const { plane, people, asked } = await open();
  const ticket = await asked(call);
  const other = await asked({ orderId: 'o-2', amount: '1' });
  const attempt = (edited: unknown) =>
    codeOf(plane.approve({ ticket, by: people.ada, edit: edited }));
  const unchanged = plane.approve({ ticket, by: people.ada, edit: call });
  await expect(unchanged).rejects.toMatchObject({
    code: 'edit-invalid',
    message: expect.stringContaining('changes nothing') as string,
  });
  expect(await attempt({ amount: '1' })).toBe('edit-invalid');
  expect(await attempt({ orderId: 'o-1', amount: 'much' })).toBe('edit-invalid');
  expect(await attempt({ orderId: 'o-2', amount: '1' })).toBe('edit-invalid');
  expect(await attempt({ orderId: Number.NaN })).toBe('arguments-unrepresentable');
  expect(await codeOf(plane.approve({ ticket: 'none', by: people.ada, edit }))).toBe(
    'ticket-unknown',
  );
  expect(await codeOf(plane.approve({ ticket, by: people.support, edit }))).toBe('resolved');
  expect((await plane.ticket(other))?.status).toBe('pending');
  await plane.close();
});

test('a call is not edited once its tool has changed', async () => {
  const { plane, people, asked } = await open();
  const ticket = await asked(call);
  const changed = { ...refund, description: 'refunds, and more' };
  await plane.registerTool(changed, { replace: true, by: people.root });
  expect(await codeOf(plane.approve({ ticket, by: people.ada, edit }))).toBe('edit-invalid');
  await plane.close();
});

test('who may not approve a call may not edit it either', async () => {
  const { plane, people, asked } = await open();
  const ticket = await asked(call);
  expect(await codeOf(plane.approve({ ticket, by: people.billing, edit }))).toBe('self-approval');
  expect(await codeOf(plane.approve({ ticket, by: people.ops, edit }))).toBe('permission-denied');
  expect(await codeOf(plane.approve({ ticket, by: people.eve, edit }))).toBe('ticket-unknown');
  await plane.close();
});

test('an edit takes back what others approved of the call before it', async () => {
  const { plane, people, governed, ran, asked } = await open({ approvals: { quorum: 2 } });
  const ticket = await asked(call);
  const kim = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  await plane.approve({ ticket, by: kim });
  await plane.approve({ ticket, by: people.ada, edit });
  expect((await plane.ticket(ticket))?.status).toBe('pending');
  expect(await codeOf(governed(call))).toBe('approval-required');
  expect(await codeOf(plane.approve({ ticket, by: kim }))).toBe('edit-invalid');
  expect(ran).toEqual([]);
  await plane.approve({ ticket, by: kim, edit });
  await governed(call);
  expect(ran).toEqual([edit]);
  await plane.close();
});

test('a keyed call that was edited runs once, however often it is repeated', async () => {
  const { plane, people, governed, ran, asked } = await open();
  const options = { idempotencyKey: 'refund-1' };
  const ticket = await asked(call, options);
  await plane.approve({ ticket, by: people.ada, edit });
  await governed(call, options);
  expect(await codeOf(governed(call, options))).not.toBe('resolved');
  expect(ran).toEqual([edit]);
  await plane.close();
});

test('nor does a repetition run it once more where a grant beside the approval would let it', async () => {
  const { plane, people, governed, ran, asked } = await open();
  const options = { idempotencyKey: 'refund-1' };
  const ticket = await asked(call, options);
  const expiresAt = new Date(Date.now() + 60_000);
  const grant = { actions: ['order.refund'], uses: 10, expiresAt };
  await plane.approve({ ticket, by: people.ada, edit, grant });
  await governed(call, options);
  expect(await codeOf(governed(call, options))).toBe('permit-not-startable');
  expect(ran).toEqual([edit]);
  // Without its key it is another call, which the grant covers.
  expect(await governed(edit)).toEqual({ refunded: '8' });
  expect(ran).toEqual([edit, edit]);
  await plane.close();
});

test('a keyed call that was edited is answered after a restart, too, whatever was asked since', async () => {
  const { plane, fleet, people, session, governed, asked } = await open();
  const options = { idempotencyKey: 'refund-1' };
  await plane.approve({ ticket: await asked(call, options), by: people.ada, edit });
  await governed(call, options);
  // Its arguments are another ticket's from now on.
  expect(await codeOf(governed(call))).toBe('approval-required');
  await plane.close();
  const again = await openShop(fleet());
  const taken = await again.attachSession(staff(again).billing, session.id);
  expect(await codeOf(guard(taken, refund)(call, options))).toBe('permit-not-startable');
  await again.close();
});

test('what one approver edited another one edits back, and then all approve it as it was', async () => {
  const { plane, people, governed, ran, asked } = await open({ approvals: { quorum: 2 } });
  const ticket = await asked(call);
  await plane.approve({ ticket, by: people.ada, edit });
  await plane.approve({ ticket, by: people.support, edit: call });
  expect((await plane.ticket(ticket))?.approvals).toEqual(['service:support']);
  expect(await codeOf(governed(edit))).toBe('approval-required');
  await plane.approve({ ticket, by: people.ada, edit: call });
  await governed(call);
  expect(ran).toEqual([call]);
  await plane.close();
});

test('the edited arguments go to the session that asked, and to no other', async () => {
  const { plane, people, session, asked } = await open();
  const ticket = await asked(call);
  await plane.approve({ ticket, by: people.ada, edit });
  const other = await plane.openSession({ principal: people.support, agent: 'bot' });
  expect(await codeOf(other.editedArguments(ticket))).toBe('input-invalid');
  expect((await session.editedArguments(ticket)).value).toEqual(edit);
  const direct = await session.authorize({ tool: bindTool(refund), arguments: session.read(call) });
  expect(direct).toMatchObject({ outcome: 'deny', code: 'call-edited', ticket });
  await plane.close();
});

test('the card of an edited call shows the edited arguments, who wrote them, and what goes with them', async () => {
  const { plane, people, asked } = await open({ approvals: { quorum: 2 } });
  const ticket = await asked(call);
  const expiresAt = new Date(Date.now() + 3_600_000);
  const grant = { actions: ['order.refund'], uses: 3, cost: { usd: '9' }, expiresAt };
  await plane.approve({ ticket, by: people.ada, edit, grant });
  const card = await plane.card(ticket);
  expect(card).toMatchObject({ approvable: true, editedBy: 'user:ada', approvedBy: ['user:ada'] });
  expect(card?.grant).toContain('up to 3 later calls of order.refund, for 9 usd at most');
  expect(card?.agentText.fields.map(({ value }) => value.text)).toEqual(['"8"', '"o-1"']);
  await plane.close();
});

test('an edit to what others would be asked about is put to those others', async () => {
  const rules = [
    {
      id: 'vip',
      effect: 'require-approval',
      match: { action: 'order.refund', resource: 'order/vip*' },
      approval: { roles: ['admin'], quorum: 2 },
    },
  ];
  const { plane, people, governed, ran, asked } = await open({ rules });
  const ticket = await asked(call);
  await plane.approve({ ticket, by: people.ada, edit: { orderId: 'vip-1', amount: '80' } });
  expect(await codeOf(governed(call))).toBe('approval-required');
  expect(ran).toEqual([]);
  expect((await plane.ticket(ticket))?.status).toBe('cancelled');
  expect(plane.pendingTickets('acme')).toMatchObject([
    { resource: 'order/vip-1', approverRoles: ['admin'], quorum: 2 },
  ]);
  await plane.close();
});

test('an approval with an edit that is nothing does not approve the call as it was asked', async () => {
  const { plane, people, asked } = await open();
  const ticket = await asked(call);
  await codeOf(plane.approve({ ticket, by: people.ada, edit: undefined }));
  const { argumentsDigest, status } = (await plane.ticket(ticket)) ?? {};
  const [pending] = plane.pendingTickets('acme');
  expect([status, pending?.argumentsDigest]).toEqual(['pending', argumentsDigest]);
  await plane.close();
});
