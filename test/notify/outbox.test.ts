/** The log as outbox: nothing that was committed is lost, and nothing that was not is ever sent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bindTool, type ControlPlane, type Session, verify } from '../../src/engine/index.ts';
import { callbackNotifier, type Notification, webhook } from '../../src/notify/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { FakeClock, type Fault, FaultyStorage, type FaultyCall } from '../../src/testing/index.ts';
import { codeOf, entryTypes, openShop, refund, staff } from '../engine/shop.ts';
import { program } from '../programs.ts';
import { receiver, until } from './receiver.ts';

const secret = 'a secret that is long enough to be one';
const teller = program('teller');

const works = (): Fault => ({ kind: 'none' });

/** A control plane whose store follows a script, with a notifier that keeps what it is told. */
async function faultyPlane() {
  const clock = new FakeClock();
  const told: Notification[] = [];
  let script: (call: FaultyCall) => Fault = works;
  const plan = { next: (call: FaultyCall): Fault => script(call) };
  const handle = memoryFleet();
  const store = new FaultyStorage(handle(), plan, clock);
  const notifier = callbackNotifier({ name: 'desk' }, (each) => void told.push(each));
  const plane = await openShop(store, { clock, notifiers: [notifier] });
  onTestFinished(() => plane.close());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  return {
    plane,
    session,
    told,
    handle,
    follow: (next: (call: FaultyCall) => Fault) => {
      script = next;
    },
    /** Lets time pass until a condition holds. */
    passUntil: async (condition: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await condition())) {
        await new Promise((resolve) => void setImmediate(resolve));
        clock.advance(10);
      }
    },
  };
}

function ask(session: Session, orderId: string) {
  const call = session.read({ orderId, amount: '42' });
  return session.authorize({ tool: bindTool(refund), arguments: call });
}

async function isRecorded(plane: ControlPlane, count: number): Promise<boolean> {
  const types = await entryTypes(plane);
  return types.filter((type) => type === 'notification-delivered').length === count;
}

test('a ticket whose commit failed is never told', async () => {
  const { plane, session, told, follow, passUntil } = await faultyPlane();
  follow((call) => (call === 'append' ? { kind: 'refused', code: 'unavailable' } : works()));
  expect(await codeOf(ask(session, 'o-1'))).toBe('store-unavailable');
  follow(works);
  const { ticket } = await ask(session, 'o-2');
  await passUntil(() => isRecorded(plane, 1));
  expect(told.map(({ data }) => data)).toMatchObject([{ ticket }]);
});

test('a ticket whose commit nobody acknowledged is told once, as it is in the log', async () => {
  const { plane, session, told, handle, follow, passUntil } = await faultyPlane();
  let lost = 0;
  follow((call) => {
    if (call !== 'append' || lost > 0) return works();
    lost += 1;
    return { kind: 'lost-acknowledgement', code: 'io' };
  });
  const asked = ask(session, 'o-1');
  await passUntil(() => isRecorded(plane, 1));
  const { ticket } = await asked;
  expect(lost).toBe(1);
  expect(told.map(({ data }) => data)).toMatchObject([{ ticket }]);
  const report = await verify(handle());
  expect(report.faults).toEqual([]);
});

test('what was delivered while the store fails is recorded when it returns, and not sent again', async () => {
  const { plane, session, told, follow, passUntil } = await faultyPlane();
  let appends = 0;
  // The ticket is committed; whatever comes after it is refused.
  follow((call) => {
    if (call !== 'append') return works();
    appends += 1;
    return appends === 1 ? works() : { kind: 'refused', code: 'disk-full' };
  });
  await ask(session, 'o-1');
  await passUntil(() => appends > 3);
  expect(await isRecorded(plane, 0)).toBe(true);
  follow(works);
  await passUntil(() => isRecorded(plane, 1));
  expect(told).toHaveLength(1);
});

test('a store that cannot be read for a while holds notifications up and loses none', async () => {
  const { plane, session, told, follow, passUntil } = await faultyPlane();
  let reads = 0;
  follow((call) => {
    if (call !== 'readEntries') return works();
    reads += 1;
    return { kind: 'refused', code: 'io' };
  });
  await ask(session, 'o-1');
  await passUntil(() => reads > 3);
  expect(told).toEqual([]);
  follow(works);
  await ask(session, 'o-2');
  await passUntil(() => isRecorded(plane, 2));
  expect(told.map(({ type }) => type)).toEqual(['ticket-requested', 'ticket-requested']);
});

async function killedWhileTelling(moment: 'before' | 'after') {
  const folder = await mkdtemp(join(tmpdir(), 'acp-notify-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log.db');
  const to = await receiver();
  const child = spawn(process.execPath, [teller, path, to.url, moment], { stdio: 'inherit' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  const sentBefore = to.received.length;
  const hook = webhook({ name: 'hook', url: to.url, secret, allowPrivateAddresses: true });
  const plane = await openShop(sqlite(path), { notifiers: [hook] });
  await until(() => isRecorded(plane, 1));
  const types = await entryTypes(plane);
  await plane.close();
  return { sentBefore, types, received: to.received };
}

test('killed between delivery and record, it is sent again with the same id', async () => {
  const { sentBefore, types, received } = await killedWhileTelling('after');
  expect([sentBefore, received.length]).toEqual([1, 2]);
  expect(received[0]?.headers['webhook-id']).toBe(received[1]?.headers['webhook-id']);
  expect(received[0]?.body).toBe(received[1]?.body);
  expect(types.filter((type) => type === 'ticket-requested')).toHaveLength(1);
});

test('killed after the commit and before it was sent, it is sent after the restart', async () => {
  const { sentBefore, received } = await killedWhileTelling('before');
  expect([sentBefore, received.length]).toEqual([0, 1]);
});
