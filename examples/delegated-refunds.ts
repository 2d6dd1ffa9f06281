/**
 * Who asks, who decides, and for exactly what: an agent hands a part of its work to another, whose calls need an
 * approver. The approver edits one call, and grants the next few small ones.
 *
 * Run it with `node examples/delegated-refunds.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cardText, guard, openControlPlane, sqlite } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'delegated-refunds-'));
const refunded: string[] = [];
const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: ({ orderId, amount }: { orderId: string; amount: string }) => {
    refunded.push(`${orderId} ${amount}`);
    return `refunded ${amount}`;
  },
};
const plane = await openControlPlane({
  storage: sqlite(join(folder, 'control-plane.db')),
  policy: {
    format: 1,
    version: 1,
    actions: { 'order.refund': { risk: 'medium', resource: 'order/*' } },
    tiers: { alwaysApprove: ['order.refund'] },
  },
  agents: [
    'desk',
    // Answered for by olga, who therefore decides none of its tickets.
    {
      name: 'refund-bot',
      owner: 'user:olga',
      capabilities: [{ actions: ['order.refund'], resources: ['order/eu-*'] }],
    },
  ],
  tools: [refundTool],
});

// Two services, each with a key of its own; the log says which of them did what.
const mint = async (principal: string) => {
  const { key } = await plane.keys.issue({ principal, org: 'acme', roles: ['agent'] });
  return plane.identity.authenticate(key);
};
const [desk, refunds] = [await mint('service:desk'), await mint('service:refunds')];
const approver = (id: string) => plane.identity.assert({ id, org: 'acme', roles: ['approver'] });

// The desk hands over ten dollars' worth of refunds, for an hour, to that agent of that service.
const expiresAt = new Date(Date.now() + 3_600_000);
const work = await plane.openSession({ principal: desk, agent: 'desk', budget: { usd: '100' } });
const handoff = await work.handOff({
  agent: 'refund-bot',
  principal: 'service:refunds',
  budget: { usd: '10' },
  delegation: { actions: ['order.refund'], depth: 0, expiresAt },
  expiresAt,
});
const session = await plane.openSession({ principal: refunds, agent: 'refund-bot', handoff });
const refund = guard(session, refundTool);

// It waits for an approver, who sees a card and not raw JSON, and corrects the amount.
const asked = refund({ orderId: 'eu-1', amount: '9.00' }, { waitForApproval: true });
let [ticket] = plane.pendingTickets('acme');
while (ticket === undefined) {
  await new Promise((resolve) => setTimeout(resolve, 5));
  [ticket] = plane.pendingTickets('acme');
}
const card = await plane.card(ticket.id);
assert.match(card === undefined ? '' : cardText(card, { color: false, width: 80 }), /eu-1/);
await assert.rejects(plane.approve({ ticket: ticket.id, by: approver('user:olga') }), {
  code: 'self-approval',
});
await plane.approve({
  ticket: ticket.id,
  by: approver('user:ada'),
  reason: 'one item of three came back',
  edit: { orderId: 'eu-1', amount: '3.00' },
  grant: {
    actions: ['order.refund'],
    when: { path: 'arguments.amount', atMost: '2' },
    cost: { usd: '4' },
    uses: 5,
    expiresAt,
  },
});
assert.equal(await asked, 'refunded 3.00');

// Small ones run without waiting, within what was granted; all else is as it was.
await refund({ orderId: 'eu-2', amount: '2' });
await refund({ orderId: 'eu-3', amount: '2' });
await assert.rejects(refund({ orderId: 'eu-4', amount: '2' }), { code: 'approval-required' });
await assert.rejects(refund({ orderId: 'us-1', amount: '1' }), { code: 'agent-not-capable' });
assert.deepEqual(refunded, ['eu-1 3.00', 'eu-2 2', 'eu-3 2']);

// What ends the desk's work ends what it handed over.
await work.complete();
await assert.rejects(refund({ orderId: 'eu-5', amount: '1' }), { code: 'session-not-active' });
await plane.close();
rmSync(folder, { recursive: true });
console.log(`handed over, edited, granted, ended; refunds: ${refunded.join(', ')}`);
