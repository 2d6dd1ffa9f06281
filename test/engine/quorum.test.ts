/** Approvals that several have to give, named people, with a reason. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import type { ApprovalDocument } from '../../src/kernel/policy/document.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, entryTypes, openShop, refund, shopPolicy, staff } from './shop.ts';

async function open(approvals: ApprovalDocument, rules: readonly object[] = []) {
  const fleet = memoryFleet();
  const policy = { ...shopPolicy, approvals, rules };
  const plane = await openShop(fleet(), { policy });
  const { billing: principal } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const request = {
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '5' }),
  };
  const { ticket = '' } = await session.authorize(request);
  const approver = (id: string, role: 'approver' | 'admin' = 'approver') =>
    plane.identity.assert({ id, org: 'acme', roles: [role] });
  const approve = (id: string, reason?: string) =>
    codeOf(
      plane.approve({ ticket, by: approver(id), ...(reason === undefined ? {} : { reason }) }),
    );
  const ask = async () => (await session.authorize(request)).outcome;
  return { plane, fleet, ticket, approver, approve, ask };
}

test('a ticket that needs three is approved by three, each another', async () => {
  const { plane, fleet, ticket, approve, ask } = await open({ quorum: 3 });
  expect([await approve('user:a'), await approve('user:a')]).toEqual([
    'resolved',
    'approved-already',
  ]);
  expect([await approve('user:b'), await ask()]).toEqual(['resolved', 'require-approval']);
  expect((await plane.ticket(ticket))?.status).toBe('pending');
  expect([await approve('user:c'), await ask(), await ask()]).toEqual([
    'resolved',
    'allow',
    'require-approval',
  ]);
  expect((await entryTypes(plane)).filter((type) => type === 'ticket-endorsed')).toHaveLength(2);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('of many who approve at once, as many count as are needed, and none twice', async () => {
  const { plane, approve, ask } = await open({ quorum: 3 });
  const names = ['user:a', 'user:a', 'user:b', 'user:b', 'user:b'];
  const codes = await Promise.all(names.map((name) => approve(name)));
  expect(codes.filter((code) => code === 'resolved')).toHaveLength(2);
  expect(await ask()).toBe('require-approval');
  await plane.close();
});

test('one denial is enough, whoever approved before', async () => {
  const { plane, ticket, approver, approve, ask } = await open({ quorum: 2 });
  await approve('user:a');
  await plane.deny({ ticket, by: approver('user:b') });
  expect([await approve('user:c'), await ask()]).toEqual(['ticket-not-pending', 'deny']);
  await plane.close();
});

test('who endorsed a ticket can still deny it', async () => {
  const { plane, ticket, approver, approve, ask } = await open({ quorum: 2 });
  await approve('user:a');
  await plane.deny({ ticket, by: approver('user:a') });
  expect(await ask()).toBe('deny');
  await plane.close();
});

test('a kill after the first of two approvals voids it', async () => {
  const { plane, approve } = await open({ quorum: 2 });
  await approve('user:a');
  const { ops: by } = staff(plane);
  const scope = { kind: 'tool', org: 'acme', name: 'refund' } as const;
  await plane.kill({ scope, by, reason: 'stop' });
  await plane.release({ scope, by, reason: 'go on' });
  expect(await approve('user:b')).toBe('ticket-not-pending');
  await plane.close();
});

test('only those whom the policy names decide, of those with the role', async () => {
  const { plane, ticket, approver, approve } = await open({
    roles: ['approver'],
    principals: ['user:finance-*'],
  });
  expect(await approve('user:ada')).toBe('permission-denied');
  const by = approver('user:finance-1', 'admin');
  expect(await codeOf(plane.approve({ ticket, by }))).toBe('permission-denied');
  expect(await codeOf(plane.deny({ ticket, by: approver('user:ada') }))).toBe('permission-denied');
  expect(await approve('user:finance-2')).toBe('resolved');
  await plane.close();
});

test('where a reason is asked for, nobody decides without one', async () => {
  const { plane, ticket, approver, approve } = await open({ reasonRequired: true });
  expect(await approve('user:a')).toBe('reason-missing');
  expect(await codeOf(plane.deny({ ticket, by: approver('user:a') }))).toBe('reason-missing');
  expect(await approve('user:a', 'the order was returned')).toBe('resolved');
  await plane.close();
});

test('where several rules ask, all that each of them asks for is needed', async () => {
  const rule = (id: string, approval: ApprovalDocument) => ({
    id,
    effect: 'require-approval',
    match: { action: 'order.refund' },
    approval,
  });
  const { plane, approve, ask } = await open({}, [
    rule('two', { quorum: 2 }),
    rule('finance', { principals: ['user:finance-*'] }),
    rule('why', { reasonRequired: true }),
  ]);
  expect(await approve('user:ada', 'because')).toBe('permission-denied');
  expect(await approve('user:finance-1')).toBe('reason-missing');
  expect(await approve('user:finance-1', 'because')).toBe('resolved');
  expect([await ask(), await approve('user:finance-2', 'yes'), await ask()]).toEqual([
    'require-approval',
    'resolved',
    'allow',
  ]);
  await plane.close();
});

test.each([
  { quorum: 0 },
  { quorum: 1.5 },
  { quorum: 11 },
  { principals: [] },
  { reasonRequired: 1 },
])('the approval %j is refused', async (approvals) => {
  const opened = open(approvals as unknown as ApprovalDocument);
  expect(await codeOf(opened)).toBe('policy-invalid');
});
