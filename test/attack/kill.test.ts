/** Attacks on the kill switch (A61–A68b). */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindTool, type ControlPlane, type Session } from '../../src/engine/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import type { KillScope } from '../../src/kernel/index.ts';
import { codeOf, pay, read, staff } from '../engine/shop.ts';
import { attempt, openBench, setStage, type Stage, typesOf } from './stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await setStage();
});

afterEach(() => stage.end());

const tool = bindTool(read);

function ask(session: Session, start: 'now' | 'later' = 'now') {
  return session.authorize({ tool, arguments: session.read({ orderId: 'o-1' }), start });
}

test('A61 a kill is in force here, on another control plane and on one opened later', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const other = await stage.another();
  const there = await other.attachSession(staff(other).billing, session.id);
  await plane.kill({ scope: { kind: 'org', org: 'acme' }, by: people.ops, reason: 'smoke' });
  // Without waiting for anything: the other one has not heard of it.
  expect((await ask(there)).code).toBe('killed');
  expect((await ask(session)).code).toBe('killed');
  const later = await stage.another();
  const attached = await later.attachSession(staff(later).billing, session.id);
  expect((await ask(attached)).code).toBe('killed');
  expect(later.killed({ kind: 'org', org: 'acme' })).toBe(true);
});

test('A61 a permit issued before a kill does not start after it, released or not', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const { permit: first } = await ask(session, 'later');
  const { permit: second } = await ask(session, 'later');
  if (first === undefined || second === undefined) throw new Error('no permit');
  const scope = { kind: 'tool', org: 'acme', name: 'read' } as const;
  const other = await stage.another();
  await other.kill({ scope, by: staff(other).ops, reason: 'smoke' });
  expect(await codeOf(session.start(first))).toBe('killed');
  await plane.release({ scope, by: people.ops, reason: 'clear' });
  expect(await codeOf(session.start(second))).toBe('killed');
});

test('A63 another control plane’s kill stops running work within the poll interval', async () => {
  const { session } = await openBench(stage);
  const { permit } = await ask(session);
  const other = await stage.another();
  // The next poll brings the kill, and nothing else stops the work.
  const told = new Promise<void>((resolve) => {
    stage.plane.subscribe(({ type }) => type === 'kill-engaged' && resolve());
  });
  await other.kill({
    scope: { kind: 'session', org: 'acme', id: session.id },
    by: staff(other).ops,
    reason: 'smoke',
  });
  await told;
  expect(permit?.signal.reason).toMatchObject({ code: 'killed' });
});

test('A64 killing one agent, org, tool or session leaves the others alone', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const open = (agent: string, principal = people.billing) =>
    plane.openSession({ principal, agent });
  const otherAgent = await open('other-bot');
  const otherOrg = await open('bot', people.eve);
  const { ops: by } = people;
  await plane.kill({ scope: { kind: 'agent', org: 'acme', name: 'bot' }, by, reason: 'smoke' });
  expect((await ask(session)).code).toBe('killed');
  expect((await ask(otherAgent)).code).toBe('allowed');
  expect((await ask(otherOrg)).code).toBe('allowed');
  await plane.kill({ scope: { kind: 'tool', org: 'acme', name: 'pay' }, by, reason: 'smoke' });
  expect((await ask(otherAgent)).code).toBe('allowed');
  const paying = { tool: bindTool(pay), arguments: otherAgent.read({ orderId: 'o', amount: '1' }) };
  expect((await otherAgent.authorize(paying)).code).toBe('killed');
});

test('A65 under a system kill no session opens, activates or resumes', async () => {
  const { plane, people } = stage;
  const mine = { principal: people.ops, agent: 'bot' } as const;
  const paused = await plane.openSession(mine);
  await paused.pause();
  const created = await plane.openSession({ ...mine, activate: false });
  await plane.kill({ scope: { kind: 'system' }, by: people.root, reason: 'halt' });
  for (const work of [
    () => plane.openSession(mine),
    () => paused.resume(),
    () => created.activate(),
  ]) {
    const outcome = await attempt(plane, work);
    expect(outcome.code).toBe('killed');
    expect(typesOf(outcome)).toEqual(['command-rejected']);
  }
});

test('A65 an agent does not put its own paused session back to work', async () => {
  const { session } = await openBench(stage);
  await session.pause();
  expect(await codeOf(session.resume())).toBe('permission-denied');
});

const scopes = [
  { kind: 'system' },
  { kind: 'org', org: 'acme' },
  { kind: 'agent', org: 'acme', name: 'bot' },
] as const;

test('A67 who lacks the right neither kills nor releases, in this org or another’s', async () => {
  const { plane, people } = stage;
  for (const scope of scopes) await plane.kill({ scope, by: people.root, reason: 'halt' });
  for (const by of [people.billing, people.ada, people.auditor, people.eve]) {
    for (const scope of scopes) {
      // `eve` is an administrator, of another org: only the system is hers too.
      if (by === people.eve && scope.kind === 'system') continue;
      const order = { scope, by, reason: 'mine' };
      expect(await codeOf(plane.release(order))).toBe('permission-denied');
      expect(await codeOf(plane.kill(order))).toBe('permission-denied');
      expect(plane.killed(scope)).toBe(true);
    }
  }
  const system = { scope: { kind: 'system' }, by: people.ops, reason: 'mine' } as const;
  expect(await codeOf(plane.release(system))).toBe('permission-denied');
});

test('A67 a kill without a reason, or of a scope that is none, is refused', async () => {
  const { plane, people } = stage;
  const { ops: by } = people;
  const scope = { kind: 'org', org: 'acme' } as const;
  for (const reason of ['', '   ', 'a\0b', '\ud800', 'x'.repeat(5_000)]) {
    const outcome = await attempt(plane, () => plane.kill({ scope, by, reason }));
    expect(outcome).toEqual({ code: 'input-invalid', events: [] });
  }
  for (const wrong of [{}, null, 'system', { kind: 'org' }, { kind: 'org', org: 'a|b' }]) {
    const order = { scope: wrong as unknown as typeof scope, by, reason: 'smoke' };
    expect((await attempt(plane, () => plane.kill(order))).code).toBe('input-invalid');
  }
});

test('A67 a release whose `supervised` is no boolean is refused: it would be a whole release', async () => {
  const { plane, people } = stage;
  const order = { scope: scopes[1], by: people.ops, reason: 'smoke' };
  await plane.kill(order);
  for (const wrong of ['true', 1, null, {}]) {
    const supervised = wrong as unknown as boolean;
    const outcome = await attempt(plane, () => plane.release({ ...order, supervised }));
    expect(outcome).toEqual({ code: 'input-invalid', events: [] });
  }
  expect(plane.killed(order.scope)).toBe(true);
});

test('the kill switches of an org are those that cover something of it, and no other org’s', async () => {
  const { plane, people } = stage;
  const kill = (scope: KillScope, by: Principal) => plane.kill({ scope, by, reason: 'halt' });
  await kill({ kind: 'tool', org: 'acme', name: 'read' }, people.ops);
  await kill({ kind: 'org', org: 'globex' }, people.eve);
  await kill({ kind: 'model', org: '*', name: 'small' }, people.root);
  await kill({ kind: 'system' }, people.root);
  const scopesOf = (org: string) => plane.kills(org).map(({ scope }) => scope);
  expect(scopesOf('acme')).toEqual(['tool|acme|read', 'model|*|small', 'system']);
  expect(scopesOf('globex')).toEqual(['org|globex', 'model|*|small', 'system']);
  expect(scopesOf('no-such-org')).toEqual(['model|*|small', 'system']);
});

test('A67 a release that was answered once does not release a later kill', async () => {
  const { plane, people } = stage;
  const order = { scope: scopes[1], by: people.ops, reason: 'smoke' };
  await plane.kill(order);
  await plane.release({ ...order, idempotencyKey: 'release-1' });
  await plane.kill(order);
  const replayed = plane.release({ ...order, idempotencyKey: 'release-1' });
  expect(await codeOf(replayed)).toBe('idempotency-mismatch');
  expect(plane.killed(order.scope)).toBe(true);
});

test('A68b a kill repeated under its key after a release kills again', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const order = { scope: scopes[1], by: people.ops, reason: 'smoke', idempotencyKey: 'kill-1' };
  await plane.kill(order);
  await plane.release({ ...order, idempotencyKey: 'release-1' });
  expect((await ask(session)).code).toBe('allowed');
  const again = await attempt(plane, () => plane.kill(order));
  expect(typesOf(again)).toEqual(['kill-engaged']);
  expect((await ask(session)).code).toBe('killed');
});

test('a kill survives the process that made it', async () => {
  const { plane, people } = stage;
  await plane.kill({ scope: scopes[1], by: people.ops, reason: 'smoke' });
  await plane.close();
  const reopened: ControlPlane = await stage.another();
  expect(reopened.killed(scopes[1])).toBe(true);
});
