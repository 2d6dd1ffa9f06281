/**
 * An approver's service is told of a pending ticket by a signed webhook, verifies it, and the approver
 * decides. The receiver is down at first, and the notification is sent again.
 *
 * Run it with `node examples/approval-webhook.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guard, memory, openControlPlane } from '../src/index.ts';
import { verifyWebhook, webhook, WebhookRefused } from '../src/notify/index.ts';

const secret = 'whsec_c2VjcmV0IG9mIHRoaXMgZXhhbXBsZSBhbG9uZQ==';

/** What this service reads of a notification of a ticket. */
interface Told {
  readonly type: string;
  readonly data: { readonly ticket: string };
}

// The approver's service: it trusts nothing that is not signed, and acts on each id once.
const seen = new Set<string>();
const pending: string[] = [];
let isDown = true;
const service = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (isDown) {
      isDown = false;
      response.writeHead(503).end();
      return;
    }
    const body = Buffer.concat(chunks);
    try {
      const { id } = verifyWebhook(request.headers, body, secret, { now: Date.now() });
      const told = JSON.parse(body.toString('utf8')) as Told;
      if (!seen.has(id) && told.type === 'ticket-requested') pending.push(told.data.ticket);
      seen.add(id);
      response.writeHead(204).end();
    } catch (failure) {
      response.writeHead(failure instanceof WebhookRefused ? 401 : 500).end();
    }
  });
});
service.listen(0, '127.0.0.1');
await once(service, 'listening');
const { port } = service.address() as AddressInfo;
const url = `http://127.0.0.1:${port}/tickets`;

const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  execute: ({ amount }: { orderId: string; amount: string }) => `refunded ${amount}`,
};
const controlPlane = await openControlPlane({
  storage: memory(),
  policy: {
    format: 1,
    version: 1,
    actions: { 'order.refund': { risk: 'high' } },
    tiers: { alwaysApprove: ['order.refund'] },
  },
  agents: ['clerk'],
  tools: [refundTool],
  // The receiver is on this machine: outside of an example it is on the public internet, by `https:`.
  notifiers: [
    webhook({
      name: 'approvals',
      url,
      secret,
      allowPrivateAddresses: true,
      retry: { firstDelayMs: 20 },
    }),
  ],
});
const { identity } = controlPlane;
const principal = identity.assert({ id: 'service:clerk', org: 'acme', roles: ['agent'] });
const approver = identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
const session = await controlPlane.openSession({ principal, agent: 'clerk' });
const refund = guard(session, refundTool);

/** Resolves when the log says that a notification was delivered. */
function delivered(): Promise<{ readonly attempts: number }> {
  return new Promise((resolve) => {
    const stop = controlPlane.subscribe(({ type, data }) => {
      if (type !== 'notification-delivered' || !('attempts' in data)) return;
      stop();
      resolve(data);
    });
  });
}

const told = delivered();
await assert.rejects(refund({ orderId: 'o-1', amount: '42' }), { code: 'approval-required' });
assert.equal((await told).attempts, 2);

// The webhook told; who decides is the approver, as a principal.
const [ticket = ''] = pending;
await controlPlane.approve({ ticket, by: approver });
assert.equal(await refund({ orderId: 'o-1', amount: '42' }), 'refunded 42');

// Whoever does not know the secret is not heard.
const forged = await fetch(url, {
  method: 'POST',
  headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AA==' },
  body: '{}',
});
assert.equal(forged.status, 401);

await controlPlane.close();
service.close();
console.log('told at the second attempt, verified, approved; a forged webhook was refused');
