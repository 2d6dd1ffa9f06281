/** Attacks on the time by which budgets count (A43, A44; A42 is in `budgets.test.ts`). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import {
  type BudgetPlanDocument,
  type ControlPlane,
  type LogEvent,
  sqlite,
  verify,
} from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, read, refund, staff } from '../engine/shop.ts';
import { program } from '../programs.ts';
import { setStage, type Stage } from './stage.ts';

const dayMs = 86_400_000;
let stage: Stage;

afterEach(async () => {
  await stage.end();
});

const plan = {
  id: 'calls',
  unit: 'actions',
  limit: 1,
  scope: { kind: 'org', id: 'acme' },
  sharing: 'shared',
  window: { every: 'day', zone: 'UTC' },
} as const satisfies BudgetPlanDocument;

/** Decides one call in a session of its own. */
async function spend(plane: ControlPlane): Promise<string> {
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
  return (await session.authorize(request)).code;
}

// The list has no A43. Read as what stands between A42 and A44: a clock that is moved to open a window again.
test('A43 a clock that is moved back opens no window again, in no process and after no restart', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  stage = await setStage({ clock });
  await stage.plane.setBudget({ org: 'acme', plan });
  expect([await spend(stage.plane), await spend(stage.plane)]).toEqual([
    'allowed',
    'budget-exceeded',
  ]);
  clock.step(dayMs);
  expect(await spend(stage.plane)).toBe('allowed');
  for (const back of [1, 2, 400]) {
    clock.step(-back * dayMs);
    expect(await spend(stage.plane)).toBe('budget-exceeded');
    const other = await stage.another({ clock: new FakeClock(clock.now()) });
    expect(await spend(other)).toBe('budget-exceeded');
  }
  const [usage] = await stage.plane.budgets('acme');
  expect(usage?.accounts.map(({ start, reserved }) => [start, reserved])).toEqual([
    [Date.UTC(2026, 0, 1), '1'],
    [Date.UTC(2026, 0, 2), '1'],
  ]);
});

test.each([Date.UTC(10_000, 0), Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NaN])(
  'a clock that says %s decides nothing, and the log goes on once it is right',
  async (wrong) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
    let says: number | undefined;
    const now = (): number => says ?? clock.now();
    const after = clock.after.bind(clock);
    stage = await setStage({ clock: { now, after, sleep: clock.sleep.bind(clock) } });
    const { plane, people } = stage;
    await plane.setBudget({ org: 'acme', plan });
    const before = await plane.head();
    says = wrong;
    const opened = plane.openSession({ principal: people.billing, agent: 'bot' });
    await expect(opened).rejects.toMatchObject({
      code: 'internal-error',
      message: expect.stringContaining(`the clock says ${wrong}`) as unknown,
    });
    const killed = plane.kill({ scope: { kind: 'system' }, by: people.root, reason: 'now' });
    expect(await codeOf(killed)).toBe('internal-error');
    expect(await plane.head()).toEqual(before);
    says = undefined;
    expect([await spend(plane), await spend(plane)]).toEqual(['allowed', 'budget-exceeded']);
  },
);

test('a clock that is set back makes nothing good again that is over by the log', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  stage = await setStage({ clock });
  const { plane, people } = stage;
  const expiresAt = new Date(clock.now() + dayMs);
  const issued = { principal: 'user:kim', org: 'acme', roles: ['agent', 'auditor'], expiresAt };
  const { key } = await plane.keys.issue({ ...issued, by: people.root });
  const kim = await plane.identity.authenticate(key, 'api-key');
  const reader = plane.readAs(kim);
  await plane.setBudget({ org: 'acme', plan });
  expect([await spend(plane), (await plane.headroom('acme'))[0]?.left]).toEqual(['allowed', '0']);
  expect(reader.grants()).toEqual([]);
  clock.step(2 * dayMs);
  await plane.openSession({ principal: people.billing, agent: 'bot' });
  clock.step(-2 * dayMs);
  expect(() => reader.grants()).toThrow('expired');
  expect(await codeOf(plane.identity.authenticate(key, 'api-key'))).toBe('credential-invalid');
  expect(plane.tools.credentialRefusal(kim)?.code).toBe('credential-expired');
  expect((await plane.headroom('acme')).map(({ left }) => left)).toEqual(['1']);
});

test('what falls due while the clock is set forward, or the machine sleeps, ends within seconds', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  stage = await setStage({ clock });
  const { plane, people } = stage;
  const session = await plane.openSession({ principal: people.billing, agent: 'bot' });
  const call = { tool: bindTool(refund), arguments: { orderId: 'o-1', amount: '1' } };
  const asked = await session.authorize({ ...call, arguments: session.read(call.arguments) });
  expect(asked.code).toBe('approval-required');
  clock.step(dayMs);
  clock.advance(12_000);
  await expect.poll(() => plane.pendingTickets('acme'), { timeout: 5_000 }).toEqual([]);
  const types: string[] = [];
  for await (const { type } of plane.events({ types: ['ticket-expired'] })) types.push(type);
  expect(types).toEqual(['ticket-expired']);
});

const spender = program('window-spender');
const everyMs = 1_000;
const limit = 3;

test('A44 calls of two processes around the ends of windows are counted once, by the log’s time', async () => {
  stage = await setStage();
  await stage.plane.setBudget({ org: 'acme', plan: { ...plan, limit, window: { everyMs } } });
  const children = ['a', 'b'].map((label) =>
    spawn(process.execPath, [spender, stage.path, label], { stdio: 'inherit' }),
  );
  const exits = await Promise.all(children.map((child) => once(child, 'exit')));
  expect(exits.map(([code]) => code as unknown)).toEqual([0, 0]);
  const allowed = new Map<number, number>();
  const spenders = new Set<string>();
  for await (const event of stage.plane.events({ types: ['action-decided'] })) {
    if (!isAllowed(event)) continue;
    spenders.add(event.by.id);
    const start = event.at - (event.at % everyMs);
    allowed.set(start, (allowed.get(start) ?? 0) + 1);
  }
  const [usage] = await stage.plane.budgets('acme');
  const posted = usage?.accounts.map(({ start, posted: used }) => [start, Number(used)]);
  expect(posted).toEqual([...allowed].toSorted(([left], [right]) => left - right));
  expect(Math.max(...allowed.values())).toBe(limit);
  expect([allowed.size > 2, spenders.size]).toEqual([true, 2]);
  const store = sqlite(stage.path, { mode: 'read-only' });
  expect((await verify(store)).faults).toEqual([]);
  await store.close();
});

function isAllowed({ data }: LogEvent): boolean {
  return 'outcome' in data && data.outcome === 'allow';
}
