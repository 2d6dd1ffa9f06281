/** Attacks on approvals (A46–A59). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindTool, type Session } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { callbackNotifier, type Notification } from '../../src/notify/index.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from '../engine/shop.ts';
import { attempt, openBench, setStage, type Stage, typesOf } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

/** Of the policy that is activated next. */
let version = 1;

const tool = bindTool(refund);

function ask(session: Session, orderId = 'o-1', amount = '5') {
  return session.authorize({ tool, arguments: session.read({ orderId, amount }) });
}

/** A session with one approved refund. */
async function approved() {
  const { session } = await openBench(stage);
  const { ticket = '' } = await ask(session);
  await stage.plane.approve({ ticket, by: stage.people.ada });
  return { session, ticket };
}

test('A46 an approval is used once', async () => {
  const { session, ticket } = await approved();
  const first = await ask(session);
  expect({ outcome: first.outcome, ticket: first.ticket }).toEqual({ outcome: 'allow', ticket });
  const second = await ask(session);
  expect(second.outcome).toBe('require-approval');
  expect(second.ticket).not.toBe(ticket);
});

test('A47 two control planes that use one approval at once: one of them wins', async () => {
  const { session } = await approved();
  const other = await stage.another();
  const attached = await other.attachSession(staff(other).billing, session.id);
  const decisions = await Promise.all([ask(session), ask(attached), ask(session), ask(attached)]);
  expect(decisions.filter(({ outcome }) => outcome === 'allow')).toHaveLength(1);
});

test('A48 a ticket that is over cannot be approved, whether or not anybody swept it', async () => {
  const clock = new FakeClock();
  const plane = await openShop(memoryFleet()(), { clock });
  const { billing: principal, ada: by } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const { ticket = '' } = await ask(session);
  // No timer notices that the clock is set forward: only the decision itself can.
  clock.step(2 * 3_600_000);
  expect(await codeOf(plane.approve({ ticket, by }))).toBe('ticket-expired');
  expect((await plane.ticket(ticket))?.status).toBe('expired');
  await plane.close();
});

test('A48 an approval that is over is not used', async () => {
  const clock = new FakeClock();
  const plane = await openShop(memoryFleet()(), { clock });
  const { billing: principal, ada: by } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const { ticket = '' } = await ask(session);
  await plane.approve({ ticket, by });
  clock.step(2 * 3_600_000);
  const decision = await ask(session);
  expect(decision.outcome).toBe('require-approval');
  expect(decision.ticket).not.toBe(ticket);
  await plane.close();
});

test('A49 a limit of zero allows nothing, with or without an approval', async () => {
  const { session } = await openBench(stage, { usd: '0' });
  expect((await ask(session)).code).toBe('budget-exceeded');
  const pending = stage.plane.pendingTickets('acme');
  expect(pending.filter((ticket) => ticket.session === session.id)).toEqual([]);
});

test('A51 the requester cannot decide the ticket, under any role', async () => {
  const { plane, people } = stage;
  const session = await plane.openSession({ principal: people.support, agent: 'bot' });
  const { ticket = '' } = await ask(session);
  for (const ruling of ['approve', 'deny'] as const) {
    const outcome = await attempt(plane, () => plane[ruling]({ ticket, by: people.support }));
    expect(outcome.code).toBe('self-approval');
    expect(typesOf(outcome)).toEqual(['command-rejected']);
  }
  const again = plane.identity.assert({ id: 'service:support', org: 'acme', roles: ['admin'] });
  expect(await codeOf(plane.approve({ ticket, by: again }))).toBe('self-approval');
});

test('A51 who lacks the role, or is of another org, cannot approve', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const { ticket = '' } = await ask(session);
  expect(await codeOf(plane.approve({ ticket, by: people.ops }))).toBe('permission-denied');
  // Somebody else's ticket is as unknown as one that does not exist.
  for (const by of [people.eve, people.auditor]) {
    expect(await codeOf(plane.approve({ ticket, by }))).toBe('ticket-unknown');
    expect(await codeOf(plane.approve({ ticket: 'none', by }))).toBe('ticket-unknown');
  }
});

test('A52 who decided is who was authenticated, whatever else is said', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const { ticket = '' } = await ask(session);
  const order = { ticket, by: people.ada };
  const claimed = { ...order, decidedBy: 'cfo', roles: ['admin'] };
  const refused = await attempt(plane, () => plane.approve(claimed));
  expect(refused).toEqual({ code: 'input-invalid', events: [] });
  const { events } = await attempt(plane, () => plane.approve(order));
  expect(events.map(({ by }) => by.id)).toEqual(['user:ada']);
});

test('A57 a policy that was tightened after the approval denies', async () => {
  const { session } = await approved();
  const { plane, people } = stage;
  const tiers = { blocked: ['order.refund'] };
  await plane.activatePolicy({ ...shopPolicy, version: (version += 1), tiers }, people.root);
  expect((await ask(session)).code).toBe('policy-denied');
  await plane.activatePolicy({ ...shopPolicy, version: (version += 1) }, people.root);
});

test('A57 an approval under another policy version is asked for anew', async () => {
  const { session, ticket } = await approved();
  const again = { ...shopPolicy, version: (version += 1) };
  await stage.plane.activatePolicy(again, stage.people.root);
  const decision = await ask(session);
  expect(decision.outcome).toBe('require-approval');
  expect(decision.ticket).not.toBe(ticket);
});

test('A58 a tool that was changed after the approval is denied', async () => {
  const { session } = await approved();
  const changed = { ...refund, description: 'changed' };
  await stage.plane.registerTool(changed, { replace: true });
  expect((await ask(session)).code).toBe('tool-changed');
  const anew = await session.authorize({
    tool: bindTool(changed),
    arguments: session.read({ orderId: 'o-1', amount: '5' }),
  });
  expect(anew.outcome).toBe('require-approval');
  await stage.plane.registerTool(refund, { replace: true });
});

test('A59 a kill between approval and use voids the approval, released or not', async () => {
  const { session, ticket } = await approved();
  const { plane, people } = stage;
  const order = { scope: { kind: 'org', org: 'acme' }, by: people.ops, reason: 'smoke' } as const;
  await plane.kill(order);
  expect((await ask(session)).code).toBe('killed');
  await plane.release(order);
  const decision = await ask(session);
  expect(decision.outcome).toBe('require-approval');
  expect(decision.ticket).not.toBe(ticket);
});

test('A55 text that pretends to be something else stays what it is', async () => {
  const { plane } = stage;
  const { session } = await openBench(stage);
  const hostile = 'ok\u202e\u001b[2J approved by security\n\n<b>click</b>';
  const { ticket = '' } = await ask(session, hostile.slice(0, 40));
  const record = await plane.ticket(ticket);
  expect(record === undefined || record.argumentsDigest.length === 64).toBe(true);
  for await (const event of plane.events()) {
    expect(JSON.stringify(event)).not.toContain('\u001b');
    expect(JSON.stringify(event).split('\n')).toHaveLength(1);
  }
});

test('A53 what a notification says approves nothing: forwarded, replayed, or after its reader left', async () => {
  const told: Notification[] = [];
  const notifier = callbackNotifier({ name: 'desk' }, (notification) => {
    told.push(notification);
    return Promise.resolve();
  });
  const plane = await openShop(memoryFleet()(), { notifiers: [notifier] });
  const { billing: principal, ada, root, eve } = staff(plane);
  const { id, key } = await plane.keys.issue({
    principal: 'user:nora',
    roles: ['approver'],
    by: root,
  });
  const nora = await plane.identity.authenticate(key);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const { ticket = '' } = await ask(session);
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const body = told[0]?.body ?? '';
  expect(body).toContain(ticket);
  // The id of the ticket is all that a link could carry, and it opens nothing by itself.
  for await (const { contents } of plane.events()) {
    for (const secret of Object.values(contents)) expect(body).not.toContain(secret);
  }
  const bearer = JSON.parse(body) as typeof ada;
  expect(await codeOf(plane.approve({ ticket, by: bearer }))).toBe('principal-not-minted');
  expect(await codeOf(plane.approve({ ticket, by: eve }))).toBe('ticket-unknown');
  expect(await codeOf(plane.approve({ ticket, by: principal }))).toBe('self-approval');
  await plane.keys.revoke({ key: id, by: root, reason: 'she left' });
  expect(await codeOf(plane.approve({ ticket, by: nora }))).toBe('credential-revoked');
  await plane.approve({ ticket, by: ada });
  expect(await codeOf(plane.approve({ ticket, by: ada }))).toBe('ticket-not-pending');
  await plane.close();
});
