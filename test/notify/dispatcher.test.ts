/** What reaches notifiers, how often, and what the log says of it. */
import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import {
  bindTool,
  type ControlPlane,
  type ControlPlaneOptions,
  type LogEvent,
  verify,
} from '../../src/engine/index.ts';
import {
  callbackNotifier,
  type Notification,
  type NotifierOptions,
  verifyWebhook,
  webhook,
} from '../../src/notify/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from '../engine/shop.ts';
import { receiver, until } from './receiver.ts';

const secret = 'a secret that is long enough to be one';
const soon = { firstDelayMs: 1, delayMsMax: 2 } as const;

/** A control plane that ends with its test. */
async function open(
  storage: Storage,
  options: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  const plane = await openShop(storage, options);
  onTestFinished(() => plane.close());
  return plane;
}

/** A notifier that keeps what it was told, after doing what else is asked of it. */
function keeping(
  options: Partial<NotifierOptions> = {},
  first: (notification: Notification, signal: AbortSignal) => Promise<void> | void = () => {},
) {
  const told: Notification[] = [];
  const notifier = callbackNotifier(
    { name: 'desk', retry: soon, ...options },
    async (each, signal) => {
      await first(each, signal);
      told.push(each);
    },
  );
  return { told, notifier };
}

/** Asks for a refund, which needs an approver; the ticket's id. */
async function ask(plane: ControlPlane, orderId = 'o-1'): Promise<string> {
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const call = session.read({ orderId, amount: '42' });
  const { ticket = '' } = await session.authorize({ tool: bindTool(refund), arguments: call });
  return ticket;
}

async function eventsOf(
  plane: ControlPlane,
  ...types: readonly LogEvent['type'][]
): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for await (const event of plane.events({ types })) events.push(event);
  return events;
}

const outcomes = ['notification-delivered', 'notification-abandoned'] as const;

async function untilTold(plane: ControlPlane, count: number): Promise<void> {
  await until(async () => (await eventsOf(plane, ...outcomes)).length >= count);
}

test('a ticket and what became of it are told in order, signed, and recorded', async () => {
  const { url, received } = await receiver();
  const notifier = webhook({ name: 'hook', url, secret, allowPrivateAddresses: true });
  const store = memoryFleet();
  const plane = await open(store(), { notifiers: [notifier] });
  const ticket = await ask(plane);
  await plane.approve({ ticket, by: staff(plane).ada, reason: 'the customer is right' });
  await untilTold(plane, 2);
  const bodies = received.map(({ body }) => JSON.parse(body) as Notification);
  expect(bodies.map(({ type }) => type)).toEqual(['ticket-requested', 'ticket-approved']);
  expect(bodies[0]).toMatchObject({ org: 'acme', data: { ticket, action: 'order.refund' } });
  const [requested] = await eventsOf(plane, 'ticket-requested');
  expect([bodies[0]?.index, bodies[0]?.at]).toEqual([requested?.index, requested?.at]);
  for (const { headers, body } of received) {
    const { id } = verifyWebhook(headers, body, secret, {
      now: Date.now(),
      toleranceMs: 3_600_000,
    });
    expect(body).toContain(`"id":"${id}"`);
  }
  const delivered = await eventsOf(plane, 'notification-delivered');
  expect(delivered.map(({ data }) => data)).toEqual(
    bodies.map(({ index }) => ({ notifier: 'hook', entry: index, attempts: 1 })),
  );
  const report = await verify(store());
  expect(report.faults).toEqual([]);
});

test('nothing told has arguments, reasons or commitments in it', async () => {
  const { told, notifier } = keeping();
  const plane = await open(memoryFleet()(), { notifiers: [notifier] });
  const { ada, ops } = staff(plane);
  const ticket = await ask(plane, 'o-1');
  await plane.deny({ ticket, by: ada, reason: 'private words' });
  const scope = { kind: 'org', org: 'acme' } as const;
  await plane.kill({ scope, by: ops, reason: 'private words' });
  await untilTold(plane, 3);
  const text = told.map(({ body }) => body).join('\n');
  expect(told.map(({ type }) => type)).toEqual([
    'ticket-requested',
    'ticket-denied',
    'kill-engaged',
  ]);
  expect(text).not.toMatch(/private words|commitments|idempotency|"amount":"42"/);
});

test('it is sent again until the receiver takes it, each time with the same id', async () => {
  const { url, received, replies } = await receiver();
  replies.push(500, 404, 302);
  const options = { name: 'hook', url, secret, allowPrivateAddresses: true, retry: soon };
  const plane = await open(memoryFleet()(), { notifiers: [webhook(options)] });
  await ask(plane);
  await untilTold(plane, 1);
  expect(received).toHaveLength(4);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  const [event] = await eventsOf(plane, ...outcomes);
  expect(event).toMatchObject({ type: 'notification-delivered', data: { attempts: 4 } });
});

test('after its last attempt it is given up, with the reason beside the log, and the next is sent', async () => {
  const { url, received, replies } = await receiver();
  replies.push(500, 503);
  const retry = { ...soon, attemptsMax: 2 };
  const options = { name: 'hook', url, secret, allowPrivateAddresses: true, retry };
  const plane = await open(memoryFleet()(), { notifiers: [webhook(options)] });
  await ask(plane, 'o-1');
  await ask(plane, 'o-2');
  await untilTold(plane, 2);
  const [abandoned, delivered] = await eventsOf(plane, ...outcomes);
  expect(abandoned).toMatchObject({
    type: 'notification-abandoned',
    data: { attempts: 2 },
    contents: { problem: 'the receiver answered 503' },
  });
  expect(delivered?.type).toBe('notification-delivered');
  expect(received).toHaveLength(3);
});

test('a receiver that never answers is given up when its time is over, by the clock', async () => {
  const clock = new FakeClock();
  const { url, received, replies } = await receiver();
  replies.push('hang');
  const options = { name: 'hook', url, secret, allowPrivateAddresses: true, timeoutMs: 5_000 };
  const plane = await open(memoryFleet()(), { notifiers: [webhook(options)], clock, pollMs: 1e9 });
  await ask(plane);
  await until(() => received.length === 1);
  expect(await eventsOf(plane, ...outcomes)).toEqual([]);
  clock.advance(4_999);
  const waiting = clock.waiting;
  clock.advance(1);
  // The time limit gives way to the wait for the next attempt.
  await until(() => clock.waiting === waiting);
  clock.advance(1_000);
  await untilTold(plane, 1);
  expect(received).toHaveLength(2);
  const times = received.map(({ headers }) => Number(headers['webhook-timestamp']));
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(5);
});

test('waits double up to their bound, and are shorter by no more than a half', async () => {
  const clock = new FakeClock();
  const stepMs = 10;
  const attempts: number[] = [];
  const retry = { firstDelayMs: 1_000, delayMsMax: 5_000, attemptsMax: 6 };
  const { notifier } = keeping({ retry }, ({ attemptedAt }) => {
    attempts.push(attemptedAt);
    throw new Error('not now');
  });
  const plane = await open(memoryFleet()(), { notifiers: [notifier], clock, pollMs: 1e9 });
  await ask(plane);
  while (attempts.length < 6) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.advance(stepMs);
  }
  await untilTold(plane, 1);
  const waits = attempts.slice(1).map((at, place) => at - (attempts[place] ?? 0));
  for (const [place, most] of [1_000, 2_000, 4_000, 5_000, 5_000].entries()) {
    expect(waits[place]).toBeLessThanOrEqual(most + stepMs);
    expect(waits[place]).toBeGreaterThanOrEqual(most / 2);
  }
});

test('one that hangs, one that throws and one whose filter throws hold up nobody else', async () => {
  const never = keeping({ name: 'hangs' }, () => new Promise(() => {}));
  const wrong = keeping({ name: 'throws', retry: { ...soon, attemptsMax: 3 } }, () => {
    throw new Error('out of order');
  });
  const choosy = {
    ...keeping({ name: 'choosy', retry: { ...soon, attemptsMax: 1 } }).notifier,
    wants: () => {
      throw new Error('cannot choose');
    },
  };
  const well = keeping({ name: 'well' });
  const notifiers = [never.notifier, wrong.notifier, choosy, well.notifier];
  const plane = await open(memoryFleet()(), { notifiers });
  for (const orderId of ['o-1', 'o-2', 'o-3']) await ask(plane, orderId);
  await until(() => well.told.length === 3);
  await untilTold(plane, 9);
  const problems = (await eventsOf(plane, 'notification-abandoned')).map(
    ({ data, contents }) => `${(data as { notifier: string }).notifier} ${contents['problem']}`,
  );
  expect(problems.toSorted()).toEqual([
    ...Array<string>(3).fill('choosy cannot choose'),
    ...Array<string>(3).fill('throws out of order'),
  ]);
  expect([never.told, wrong.told]).toEqual([[], []]);
});

test.each([
  ['what has no text', Object.create(null), 'what was thrown cannot be shown as text'],
  ['an error whose message is no text', Object.assign(new Error(), { message: 5 }), '5'],
  ['nothing', undefined, 'undefined'],
])('one that throws %s is given up like any other', async (_, thrown, problem) => {
  const { notifier } = keeping({ retry: { ...soon, attemptsMax: 2 } }, () => {
    throw thrown;
  });
  const plane = await open(memoryFleet()(), { notifiers: [notifier] });
  await ask(plane);
  await untilTold(plane, 1);
  const [abandoned] = await eventsOf(plane, 'notification-abandoned');
  expect(abandoned).toMatchObject({ data: { attempts: 2 }, contents: { problem } });
});

test('a filter that answers with a promise has not answered, and nobody is told', async () => {
  const { notifier, told } = keeping({ retry: { ...soon, attemptsMax: 1 } });
  const later = { ...notifier, wants: async () => false } as unknown as typeof notifier;
  const plane = await open(memoryFleet()(), { notifiers: [later] });
  await ask(plane);
  await untilTold(plane, 1);
  const [abandoned] = await eventsOf(plane, 'notification-abandoned');
  expect(abandoned?.contents).toEqual({ problem: '`wants` answered neither true nor false' });
  expect(told).toEqual([]);
});

test('closing ends what is under way and does not wait for who does not listen', async () => {
  const signals: AbortSignal[] = [];
  const { notifier } = keeping({}, (_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const store = memoryFleet();
  const plane = await openShop(store(), { notifiers: [notifier] });
  await ask(plane);
  await until(() => signals.length === 1);
  await plane.close();
  expect(signals[0]?.aborted).toBe(true);
  // It was not delivered, and is told after the restart.
  const again = keeping();
  await open(store(), { notifiers: [again.notifier] });
  await until(() => again.told.length === 1);
});

test('a callback that closes the control plane is not waited for', async () => {
  const store = memoryFleet();
  let closed: Promise<void> | undefined;
  const { told, notifier } = keeping({}, () => (closed = plane.close()));
  const plane = await openShop(store(), { notifiers: [notifier] });
  await ask(plane);
  await until(() => closed !== undefined);
  await closed;
  // Whether it was taken nobody said in time: it is told again.
  const again = keeping();
  await open(store(), { notifiers: [again.notifier] });
  await until(() => again.told.length === 1);
  expect(again.told[0]?.id).toBe(told[0]?.id);
});

test('a delivery that is over leaves nothing that listens to its signal', async () => {
  const signals: AbortSignal[] = [];
  const retry = { ...soon, attemptsMax: 1 };
  const { notifier } = keeping({ retry }, (_, signal) => {
    signals.push(signal);
    if (signals.length > 1) throw new Error('not now');
  });
  const plane = await open(memoryFleet()(), { notifiers: [notifier] });
  await ask(plane, 'o-1');
  await ask(plane, 'o-2');
  await untilTold(plane, 2);
  expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
});

test('a filter that closes the control plane keeps its notification from being sent', async () => {
  const store = memoryFleet();
  let closed: Promise<void> | undefined;
  const { told, notifier } = keeping({}, () => new Promise(() => {}));
  const choosy = { ...notifier, wants: () => (closed ??= plane.close()) !== undefined };
  const plane = await openShop(store(), { notifiers: [choosy] });
  await ask(plane);
  await until(() => closed !== undefined);
  await closed;
  expect(told).toEqual([]);
  const again = keeping();
  await open(store(), { notifiers: [again.notifier] });
  await until(() => again.told.length === 1);
});

test('closing gives nothing up: a last attempt that it ends is made again', async () => {
  const store = memoryFleet();
  let attempts = 0;
  const { notifier } = keeping({ retry: { ...soon, attemptsMax: 1 } }, () => {
    attempts += 1;
    return new Promise(() => {});
  });
  const plane = await openShop(store(), { notifiers: [notifier] });
  await ask(plane);
  await until(() => attempts === 1);
  await plane.close();
  const again = keeping();
  const after = await open(store(), { notifiers: [again.notifier] });
  await untilTold(after, 1);
  expect(await eventsOf(after, 'notification-abandoned')).toEqual([]);
  expect(again.told.length).toBe(1);
});

test('what is committed while it looks and finds nothing is told without more news', async () => {
  const inner = memoryFleet()();
  const held = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isArmed = false;
  const store = new Proxy(inner, {
    get(target, name) {
      if (name === 'readEntries') return readEntries;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as () => unknown) : member;
    },
  });
  const readEntries: Storage['readEntries'] = async (from, limit) => {
    const entries = await inner.readEntries(from, limit);
    if (!isArmed || entries.length > 0) return entries;
    isArmed = false;
    held.resolve();
    await goOn.promise;
    return entries;
  };
  const { told, notifier } = keeping();
  const plane = await open(store, { notifiers: [notifier] });
  isArmed = true;
  await ask(plane, 'o-1');
  await held.promise;
  await ask(plane, 'o-2');
  goOn.resolve();
  await until(() => told.length === 2);
  expect(told.map(({ type }) => type)).toEqual(['ticket-requested', 'ticket-requested']);
});

test('what another process recorded meanwhile is not sent again', async () => {
  const store = memoryFleet();
  const attempts: string[] = [];
  const elsewhere = Promise.withResolvers<void>();
  const here = keeping({}, async ({ id }) => {
    attempts.push(id);
    if (attempts.length > 1) return;
    await elsewhere.promise;
    // A commit of its own shows this process what the other one has recorded.
    await plane.registerAgent({ name: 'bot', version: '2', actions: ['**'] });
    throw new Error('not now');
  });
  const plane = await open(store(), { notifiers: [here.notifier] });
  await ask(plane, 'o-1');
  await until(() => attempts.length === 1);
  const there = keeping();
  const other = await open(store(), { notifiers: [there.notifier] });
  await untilTold(other, 1);
  elsewhere.resolve();
  await ask(plane, 'o-2');
  await untilTold(plane, 2);
  await until(() => attempts.length === 2 || there.told.length === 2);
  expect(attempts.filter((id) => id === there.told[0]?.id).length).toBe(1);
});

test('after a restart it goes on where it was: nothing is lost and nothing delivered is told again', async () => {
  const store = memoryFleet();
  const before = keeping();
  const plane = await openShop(store(), { notifiers: [before.notifier] });
  await ask(plane, 'o-1');
  await untilTold(plane, 1);
  await plane.close();
  const between = await openShop(store());
  await ask(between, 'o-2');
  await between.close();
  const after = keeping();
  const again = await open(store(), { notifiers: [after.notifier] });
  await ask(again, 'o-3');
  await until(() => after.told.length === 2);
  const ids = [...before.told, ...after.told].map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  const indexes = [...before.told, ...after.told].map(({ index }) => index);
  expect(indexes).toEqual(indexes.toSorted((left, right) => left - right));
});

test('a new notifier is told what is committed from then on, not the history', async () => {
  const store = memoryFleet();
  const old = await openShop(store());
  await ask(old, 'o-1');
  await old.close();
  const { told, notifier } = keeping();
  const plane = await open(store(), { notifiers: [notifier] });
  const ticket = await ask(plane, 'o-2');
  await until(() => told.length === 1);
  expect(told[0]?.data).toMatchObject({ ticket });
});

test('of several orgs it is told only of its own, and of what concerns every org', async () => {
  const acme = keeping({ name: 'acme', orgs: ['acme'] });
  const globex = keeping({ name: 'globex', orgs: ['globex'] });
  const plane = await open(memoryFleet()(), { notifiers: [acme.notifier, globex.notifier] });
  const { root, eve } = staff(plane);
  await ask(plane);
  await plane.kill({ scope: { kind: 'org', org: 'globex' }, by: eve, reason: 'drill' });
  await plane.kill({ scope: { kind: 'system' }, by: root, reason: 'drill' });
  await untilTold(plane, 5);
  expect(acme.told.map(({ type, org }) => `${type} ${org}`)).toEqual([
    'ticket-requested acme',
    'kill-engaged *',
    'ticket-cancelled acme',
  ]);
  expect(globex.told.map(({ type, org }) => `${type} ${org}`)).toEqual([
    'kill-engaged globex',
    'kill-engaged *',
  ]);
});

test('a change that waits for a second principal, and an agent that was suspended, can be told', async () => {
  const events = ['change-proposed', 'agent-transitioned'] as const;
  const { told, notifier } = keeping({ events });
  const policy = { ...shopPolicy, fourEyes: ['release-kill'] };
  const plane = await open(memoryFleet()(), { notifiers: [notifier], policy });
  const { ops, root } = staff(plane);
  const order = { scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'drill' } as const;
  await plane.kill(order);
  expect(await codeOf(plane.release(order))).toBe('second-principal-needed');
  await plane.registerAgent('helper', root);
  const helper = { agent: 'helper', org: 'acme', by: root, reason: 'drill' };
  await plane.controlAgent({ ...helper, transition: 'suspend' });
  await untilTold(plane, 2);
  expect(told.map(({ type, org }) => `${type} ${org}`)).toEqual([
    'change-proposed acme',
    'agent-transitioned acme',
  ]);
  expect(told[0]?.data).toMatchObject({ change: 'release-kill' });
});

test('a policy that waits for a second principal is told to every org: any may have one', async () => {
  const { told, notifier } = keeping({ events: ['change-proposed'], orgs: ['globex'] });
  const policy = { ...shopPolicy, fourEyes: ['activate-policy'] };
  const plane = await open(memoryFleet()(), { notifiers: [notifier], policy });
  const next = plane.activatePolicy({ ...policy, version: 2 }, staff(plane).root);
  expect(await codeOf(next)).toBe('second-principal-needed');
  await untilTold(plane, 1);
  expect(told.map(({ type, org }) => `${type} ${org}`)).toEqual(['change-proposed *']);
});

test('a tool that waits for an operator can be told, to whoever hears of the installation', async () => {
  const { told, notifier } = keeping({ events: ['tool-quarantined'] });
  const plane = await open(memoryFleet()(), { notifiers: [notifier] });
  await plane.tools.quarantine({ name: 'files__read', action: 'files.read', foreign: {} });
  await untilTold(plane, 1);
  expect(told.map(({ type, org }) => `${type} ${org}`)).toEqual(['tool-quarantined *']);
  expect(told[0]?.data).toMatchObject({ name: 'files__read', before: null });
});

test('two processes both send, with one id, and the log has one outcome for each', async () => {
  const store = memoryFleet();
  const { url, received } = await receiver();
  const options = { name: 'hook', url, secret, allowPrivateAddresses: true, retry: soon };
  const plane = await open(store(), { notifiers: [webhook(options)], pollMs: 5 });
  const other = await open(store(), { notifiers: [webhook(options)], pollMs: 5 });
  for (const orderId of ['o-1', 'o-2', 'o-3']) {
    await ask(plane, orderId);
    await ask(other, `${orderId}-other`);
  }
  await untilTold(plane, 6);
  await plane.close();
  const delivered = await eventsOf(other, 'notification-delivered');
  const entries = delivered.map(({ data }) => (data as { entry: number }).entry);
  const requested = (await eventsOf(other, 'ticket-requested')).map(({ index }) => index);
  expect(entries).toEqual(requested);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
});

test('an entry that is missing is passed over by nobody: a warning says which', async () => {
  const inner = memoryFleet()();
  let lost = Infinity;
  const store = new Proxy(inner, {
    get(target, name) {
      if (name === 'readEntries') return readEntries;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as () => unknown) : member;
    },
  });
  const readEntries: Storage['readEntries'] = async (from, limit) =>
    (await inner.readEntries(from, limit)).filter(({ index }) => index !== lost);
  const warnings: string[] = [];
  const hear = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  const { told, notifier } = keeping();
  const plane = await open(store, { notifiers: [notifier] });
  // Behind the session's, which is passed without a look.
  lost = (await plane.head()).size + 1;
  const missing = lost;
  await ask(plane);
  await until(() => warnings.length > 0);
  expect(warnings).toEqual([
    `notifier \`desk\` has to wait: EntryError: entry ${missing} is missing`,
  ]);
  expect(told).toEqual([]);
  lost = Infinity;
  await until(() => told.length === 1);
});

test('entries that are none of its business move its cursor rarely, not each time', async () => {
  const store = memoryFleet();
  const { told, notifier } = keeping();
  const plane = await open(store(), { notifiers: [notifier] });
  const register = (version: number) =>
    plane.registerAgent({ name: 'bot', version: String(version), actions: ['**'] });
  await Promise.all(Array.from({ length: 2_400 }, (_, version) => register(version)));
  await until(async () => (await eventsOf(plane, 'notifier-advanced')).length >= 3);
  const advanced = await eventsOf(plane, 'notifier-advanced');
  // The first one is where the notifier began.
  const cursors = advanced.map(({ data }) => (data as { cursor: number }).cursor);
  expect(cursors.length).toBeLessThanOrEqual(4);
  expect((cursors[1] ?? 0) - (cursors[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  await ask(plane);
  await until(() => told.length === 1);
});

test('notifiers that cannot be used together, or by what they say, are refused', async () => {
  const desk = keeping().notifier;
  const wrong = [
    [desk, desk],
    [{ ...desk, name: 'no name' }],
    [{ ...desk, timeoutMs: 0 }],
    [{ ...desk, retry: { attemptsMax: 101 } }],
    [{ ...desk, retry: { firstDelayMs: 0.5 } }],
    [{ ...desk, retry: { attempts: 3 } as object }],
    Array.from({ length: 33 }, (_, place) => ({ ...desk, name: `desk-${place}` })),
  ];
  for (const notifiers of wrong) {
    expect(await codeOf(openShop(memoryFleet()(), { notifiers }))).toBe('input-invalid');
  }
});
