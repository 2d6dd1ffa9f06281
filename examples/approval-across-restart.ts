/**
 * An approval outlives the process that asked for it: asked in one control plane, decided in a second,
 * used in a third. The tool runs exactly once.
 *
 * Run it with `node examples/approval-across-restart.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActionRefused, type ControlPlane, guard, openControlPlane } from '../src/index.ts';
import { sqlite, verify } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'approval-'));
const file = join(folder, 'control-plane.db');
const runs: string[] = [];

const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: async (call: { readonly orderId: string; readonly amount: string }) => {
    runs.push(call.orderId);
    return `refunded ${call.amount} for ${call.orderId}`;
  },
};
const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { risk: 'high', resource: 'order/*' } },
  tiers: { alwaysApprove: ['order.refund'] },
  approvals: { roles: ['approver'], timeoutMs: 3_600_000 },
};
const call = { orderId: 'o-123', amount: '420.00' };
const idempotencyKey = 'refund-o-123';

function open(): Promise<ControlPlane> {
  return openControlPlane({
    storage: sqlite(file),
    policy,
    agents: ['refund-bot'],
    tools: [refundTool],
  });
}

function billing(controlPlane: ControlPlane) {
  return controlPlane.identity.assert({ id: 'service:billing', org: 'acme', roles: ['agent'] });
}

// The first process asks. The call is refused, and the refusal names the ticket.
let controlPlane = await open();
const opened = await controlPlane.openSession({
  principal: billing(controlPlane),
  agent: 'refund-bot',
  budget: { usd: '500' },
});
const asked: unknown = await guard(opened, refundTool)(call, { idempotencyKey }).catch(
  (refusal: unknown) => refusal,
);
assert.ok(ActionRefused.is(asked));
assert.equal(asked.code, 'approval-required');
const { ticket } = asked.decision;
assert.ok(ticket);
await controlPlane.close();

// The second process decides. The requester may not; an approver may.
controlPlane = await open();
const [pending] = controlPlane.pendingTickets('acme');
assert.equal(pending?.id, ticket);
await assert.rejects(controlPlane.approve({ ticket, by: billing(controlPlane) }), {
  code: 'self-approval',
});
const ada = controlPlane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
const approved = await controlPlane.approve({
  ticket,
  by: ada,
  reason: 'checked with the customer',
});
assert.equal(approved.status, 'approved');
await controlPlane.close();
assert.deepEqual(runs, []);

// The third process sends the same call under the same key: it runs, once.
controlPlane = await open();
const session = await controlPlane.attachSession(billing(controlPlane), opened.id);
const refund = guard(session, refundTool);
assert.equal(await refund(call, { idempotencyKey }), 'refunded 420.00 for o-123');
await assert.rejects(refund(call, { idempotencyKey }), /already ran under this idempotency key/);
assert.deepEqual(runs, ['o-123']);

// The approval is used up: the same call as a new one has to be asked for again.
await assert.rejects(refund(call), { code: 'budget-exceeded' });
assert.equal((await controlPlane.ticket(ticket))?.status, 'consumed');
assert.equal((await controlPlane.budget(session.id, 'usd'))?.posted, 420_000_000);
await session.complete();
await controlPlane.close();

const copy = sqlite(file, { mode: 'read-only' });
assert.equal((await verify(copy)).holds, true);
await copy.close();
rmSync(folder, { recursive: true });
console.log(
  `ticket ${ticket}: asked, decided and used in three control planes; ran ${runs.length} time`,
);
