/**
 * Quick start: one tool, one policy, one budget. A call that is allowed, and one that the budget refuses.
 *
 * Run it with `node examples/quick-start.ts`. The region below is the README's, checked by `test/docs`; what
 * follows it checks that all of it happened.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActionRefused, guard, openControlPlane, sqlite } from '../src/index.ts';
import { verify } from '../src/index.ts';

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'quick-start-'));
process.chdir(folder);

// region quick-start
const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } }, // the most that one call can cost
  execute: async (call: { orderId: string; amount: string }) => `refunded ${call.amount}`,
};
const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { resource: 'order/*' } },
  tiers: { unrestricted: ['order.refund'] },
  rules: [{ id: 'cap', effect: 'deny', when: { path: 'arguments.amount', moreThan: '50' } }],
};
const storage = sqlite('control-plane.db');
const agents = ['refund-bot'];
const plane = await openControlPlane({ storage, policy, agents, tools: [refundTool] });
const principal = plane.identity.assert({ id: 'billing', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'refund-bot', budget: { usd: 60 } });
const refund = guard(session, refundTool); // runs the tool's code only with a permit
const first = await refund({ orderId: 'o-1', amount: '42.00' });
const second = await refund({ orderId: 'o-2', amount: '42.00' }).catch(
  (refusal: ActionRefused) => refusal.code, // budget-exceeded: 60 - 42 is less than 42
);
// endregion

assert.equal(first, 'refunded 42.00');
assert.equal(second, 'budget-exceeded');
const capped: unknown = await refund({ orderId: 'o-3', amount: '50.01' }).catch(
  (refusal: unknown) => refusal,
);
assert.ok(ActionRefused.is(capped));
assert.equal(capped.decision.code, 'policy-denied');
assert.deepEqual(capped.decision.determinedBy, ['rule:cap']);
assert.equal((await plane.budget(session.id, 'usd'))?.posted, 42_000_000);
await session.complete();
await plane.close();

const copy = sqlite('control-plane.db', { mode: 'read-only' });
const report = await verify(copy);
await copy.close();
assert.equal(report.holds, true);

process.chdir(home);
rmSync(folder, { recursive: true });
console.log(`${first}, then ${second}; the log of ${report.entries} entries verifies`);
