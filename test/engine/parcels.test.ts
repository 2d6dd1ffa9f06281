/** Commands that a process leaves to whichever has the turn: decided there, once, and answered here. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { bindTool, type ControlPlane, type Session } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { countOf, type Scene, scene, sessionOn } from './parcel-scene.ts';
import { codeOf, erase, openShop, pay, read, refund, staff } from './shop.ts';

/** What a caller gets, as text: a permit, a promise and a signal are no text. */
function told(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  const refusal = await work.then(
    () => undefined,
    (error: unknown) => error as { code: string; message: string; help: string; index: number },
  );
  if (refusal === undefined) throw new Error('it was not refused');
  return [refusal.code, refusal.message, refusal.help, refusal.index];
}

/** A bit of everything, all at once and then one after the other. */
async function everything(plane: ControlPlane, session: Session): Promise<unknown> {
  const people = staff(plane);
  const scope = { kind: 'action', org: 'acme', name: 'order.read' } as const;
  const [order, amount] = [session.read({ orderId: 'o-1' }), { orderId: 'o-1', amount: '2.50' }];
  const payment = session.read(amount);
  const [allowed, denied, held, opened, forbidden, budget, ranOut] = await Promise.all([
    session.authorize({ tool: bindTool(read), arguments: order, idempotencyKey: 'once' }),
    session.authorize({ tool: bindTool(erase), arguments: order }),
    session.authorize({ tool: bindTool(refund), arguments: payment }),
    plane.openSession({ principal: people.support, agent: 'other-bot', budget: { usd: '1' } }),
    refusalOf(plane.kill({ scope, by: people.billing, reason: 'no right' })),
    refusalOf(plane.approve({ ticket: 'unknown', by: people.ada })),
    session.authorize({ tool: bindTool(pay), arguments: payment }),
  ]);
  const again = await session.authorize({
    tool: bindTool(read),
    arguments: order,
    idempotencyKey: 'once',
  });
  const { permit } = allowed;
  if (permit === undefined) throw new Error('no permit');
  const settled = await session.settle(permit, { outcome: 'succeeded', result: { state: 'paid' } });
  const approved = await plane.approve({ ticket: held.ticket ?? '', by: people.ada, reason: 'ok' });
  const results = [await guard(session, read)({ orderId: 'o-2' })];
  const latch = await plane.kill({ scope, by: people.ops, reason: 'smoke' });
  const killed = await codeOf(guard(session, read)({ orderId: 'o-3' }));
  const decisions = [allowed, denied, held, ranOut, again];
  expect(decisions.map(({ code }) => code)).toEqual([
    'allowed',
    'policy-denied',
    'approval-required',
    'allowed',
    'allowed',
  ]);
  return told([decisions, opened.id, forbidden, budget, settled, approved, results, latch, killed]);
}

async function contentsOf({ fleet }: Scene): Promise<unknown> {
  const store = fleet();
  await store.open('main');
  return store.readContents(0, 10_000);
}

test('commands left to another process are decided by it as here: the log, contents and answers', async () => {
  const runs: unknown[] = [];
  const appends: number[] = [];
  for (const isLeft of [false, true]) {
    const at = await scene();
    const session = await sessionOn(at.asker);
    if (isLeft) at.leaves();
    let count = 0;
    at.script.append = async (inner, batch) => {
      count += 1;
      return inner.append(batch);
    };
    const answers = await everything(at.asker, session);
    appends.push(count);
    expect(await at.faults()).toEqual([]);
    runs.push({ answers, bodies: await at.bodies(), contents: await contentsOf(at) });
  }
  const [here, elsewhere] = runs;
  expect(elsewhere).toEqual(here);
  expect(appends[0]).toBeGreaterThan(0);
  expect(appends[1]).toBe(0);
});

test('a command that nobody answers is decided here, once, in a batch that names its parcel', async () => {
  const at = await scene();
  const session = await sessionOn(at.asker);
  const named: unknown[] = [];
  at.script.wanted = true;
  at.script.append = async (inner, batch) => {
    named.push(batch.parcels?.own);
    // Whoever has the turn next finds nothing to decide.
    const result = await inner.append(batch);
    await at.decide();
    return result;
  };
  expect(await guard(session, read)({ orderId: 'o-1' })).toEqual({ orderId: 'o-1', state: 'paid' });
  const sender = expect.any(String) as string;
  expect(named.slice(0, 2)).toEqual([
    { sender, number: 2 },
    { sender, number: 3 },
  ]);
  expect(await countOf(at, 'action-decided')).toBe(1);
  expect(await at.faults()).toEqual([]);
});

test('a command that the other process could not decide is decided here, and not left again', async () => {
  const at = await scene();
  const session = await sessionOn(at.asker);
  let parcels = 0;
  at.script.wanted = true;
  at.script.entrust = async () => {
    parcels += 1;
    const answers = [null, null];
    return { own: { status: 'answered', text: JSON.stringify({ answers, urgentTo: 0 }) } };
  };
  const asked = ['o-1', 'o-2'].map((orderId) =>
    session.authorize({ tool: bindTool(read), arguments: session.read({ orderId }) }),
  );
  expect((await Promise.all(asked)).map(({ code }) => code)).toEqual(['allowed', 'allowed']);
  expect(parcels).toBe(1);
  expect(await countOf(at, 'action-decided')).toBe(2);
  expect(await at.faults()).toEqual([]);
});

test('commands that come while an answer is waited for are decided too', async () => {
  const at = await scene();
  const session = await sessionOn(at.asker);
  const ask = async (orderId: string) =>
    (await session.authorize({ tool: bindTool(read), arguments: session.read({ orderId }) })).code;
  const asked: Promise<string>[] = [];
  at.script.wanted = true;
  at.script.take = async (inner, ...query) => {
    if (asked.length === 1) asked.push(ask('while a turn is waited for'));
    return inner.take(...query);
  };
  at.script.append = async (inner, batch) => {
    // The first is answered in the meantime: what came along is not.
    if (asked.length === 2) {
      asked.push(ask('while it is appended'));
      await at.decide();
    }
    return inner.append(batch);
  };
  asked.push(ask('o-1'));
  while (asked.length < 3) await new Promise((done) => setImmediate(done));
  expect(await Promise.all(asked)).toEqual(['allowed', 'allowed', 'allowed']);
  expect(await countOf(at, 'action-decided')).toBe(3);
  expect(await at.faults()).toEqual([]);
});

const by = { id: 'x', org: 'acme', roles: [] };
const command = { kind: 'open-session', session: 's-1', id: 'c-1', by };
const content = { field: 'arguments', salt: 's', text: 't' };
const commands = (...list: readonly unknown[]): string =>
  JSON.stringify({ format: 1, commands: list });

test.each([
  ['no JSON', 'left at the door'],
  ['null', 'null'],
  ['another format', JSON.stringify({ format: 2, commands: [{ command, contents: [] }] })],
  ['no commands', JSON.stringify({ format: 1 })],
  ['commands that are no list', JSON.stringify({ format: 1, commands: {} })],
  ['a command that is nothing', commands(null)],
  ['no command', commands({ contents: [] })],
  ['a command of nobody', commands({ command: { ...command, by: null }, contents: [] })],
  ['a command without its names', commands({ command: { ...command, session: 1 }, contents: [] })],
  ['no contents', commands({ command })],
  ['contents that are no list', commands({ command, contents: 'x' })],
  ['contents without text', commands({ command, contents: [{ ...content, text: 1 }] })],
  ['a content that cannot be kept', commands({ command, contents: [{ ...content, text: '\0' }] })],
  ['two contents of one name', commands({ command, contents: [content, content] })],
])('a parcel that makes no sense is left alone, and harms nobody: %s', async (_, text) => {
  const fleet = memoryFleet();
  const [stranger, plane] = [fleet(), await openShop(fleet())];
  await stranger.open('main');
  const parcel = { sender: 'stranger', number: 1, text };
  await stranger.turns?.entrust(parcel);
  const other = await openShop(fleet());
  await sessionOn(other);
  const { size } = await plane.head();
  // Somebody else appended: it takes a turn, and meets the parcel there.
  await sessionOn(plane);
  expect((await plane.head()).size).toBe(size + 1);
  expect(await stranger.turns?.reclaim(parcel)).toEqual({ status: 'gone' });
});

test.each(['levitate', 'engage-kill'])(
  'a command that cannot be decided goes back: %s',
  async (kind) => {
    const fleet = memoryFleet();
    const [stranger, plane] = [fleet(), await openShop(fleet())];
    await stranger.open('main');
    // One is of a kind unheard of, and the other does not say all that such a command says.
    const odd = { command: { ...command, kind }, contents: [] };
    const parcel = { sender: 'stranger', number: 1, text: commands(odd) };
    await stranger.turns?.entrust(parcel);
    const other = await openShop(fleet());
    await sessionOn(other);
    const { size } = await plane.head();
    await sessionOn(plane);
    expect((await plane.head()).size).toBe(size + 1);
    const state = await stranger.turns?.reclaim(parcel);
    expect(state).toMatchObject({
      status: 'answered',
      text: expect.stringContaining('"answers":[null]') as string,
    });
  },
);

/** The leader has turns one after the other, and finds another parcel with each; counts what it finds and answers. */
async function leading(atTurn: (turn: number, at: Scene) => void = () => {}) {
  const at = await scene();
  const stranger = at.fleet();
  await stranger.open('main');
  const counted = { left: 0, answered: 0 };
  at.leading.take = async (inner, ...query) => {
    counted.left += 1;
    const parcel = { sender: 'stranger', number: counted.left, text: commands() };
    await stranger.turns?.entrust(parcel);
    atTurn(counted.left, at);
    return inner.take(...query);
  };
  at.leading.append = async (inner, batch) => {
    counted.answered += batch.parcels?.replies.length ?? 0;
    return inner.append(batch);
  };
  at.leading.kept = true;
  await sessionOn(at.leader);
  return { at, counted };
}

test('a process without commands of its own stops deciding for others after four turns', async () => {
  const { at, counted } = await leading();
  while (at.leading.kept === true) await new Promise((done) => setImmediate(done));
  // The first with a command of its own.
  expect(counted).toEqual({ left: 6, answered: 5 });
});

test('a process that closes decides nothing more for others', async () => {
  const { promise: closing, resolve: close } = Promise.withResolvers<Promise<void>[]>();
  const { counted } = await leading((turn, at) => {
    if (turn === 2) close([at.leader.close()]);
  });
  await Promise.all(await closing);
  expect(counted).toEqual({ left: 2, answered: 1 });
});

test('a process whose store fails does not try again at once for others', async () => {
  let appends = 0;
  const { at, counted } = await leading((turn, { leading: script }) => {
    if (turn !== 2) return;
    script.append = async () => {
      appends += 1;
      throw new StorageError('unavailable', 'nobody is there');
    };
  });
  while (at.leading.kept === true) await new Promise((done) => setImmediate(done));
  expect(appends).toBe(1);
  expect(counted).toEqual({ left: 2, answered: 1 });
});

test('whoever is answered with a turn gives it to others', async () => {
  const at = await scene();
  const session = await sessionOn(at.asker);
  let leaves = 0;
  at.script.wanted = true;
  at.script.leave = () => (leaves += 1);
  at.script.take = async (inner, ...query) => {
    await at.decide();
    return inner.take(...query);
  };
  const ask = session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
  });
  expect((await ask).code).toBe('allowed');
  expect(leaves).toBe(1);
});
