/**
 * Parcels, at the control plane: processes that call at once decide for each other, and whatever becomes of whoever
 * has the turn, or of the parcels, each call has one effect and one answer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { bindTool, type ControlPlane, openControlPlane } from '../../src/engine/index.ts';
import { turnWaitMs } from '../../src/storage/postgres/turn-lock.ts';
import type { Batch, NewsQuery, Parcel, Storage } from '../../src/storage/storage.ts';
import { batchOf } from '../../src/testing/storage-batches.ts';
import { Random } from '../../src/testing/index.ts';
import { account, type Line } from '../crash/account.ts';
import { Acting, openSession } from '../crash/acting.ts';
import { openShop, read, staff } from '../engine/shop.ts';
import { newSchema, type TestSchema } from './schema.ts';
import { crash, startServer } from './server.ts';
import { suffer } from './suffering.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function newPlace(): TestSchema {
  const schema = newSchema();
  cleanups.push(() => schema.drop());
  return schema;
}

/** For a machine that does other things. */
const patience = 10;
const budget = { usd: '1000000', actions: 1_000_000 };
const callers = 3;
const processes = 3;

/** How many parcels a store answered, and how many of its own were answered by others. */
interface Counts {
  replied: number;
  answered: number;
}

/** The store, which counts once it is open. */
function counted(store: Storage): { readonly store: Storage; readonly counts: Counts } {
  const counts = { replied: 0, answered: 0 };
  const open = store.open.bind(store);
  const append = store.append.bind(store);
  const counting = {
    open: async (log: string, onAppended?: () => void) => {
      const head = await open(log, onAppended);
      const { turns } = store;
      const entrust = turns?.entrust.bind(turns);
      const entrusted = async (parcel: Parcel, query?: NewsQuery) => {
        const heard = await entrust?.(parcel, query);
        if (heard?.own.status === 'answered') counts.answered += 1;
        return heard;
      };
      Object.assign(turns ?? {}, { entrust: entrusted });
      return head;
    },
    append: async (batch: Batch) => {
      const result = await append(batch);
      const isAppended = result.status === 'appended';
      if (isAppended) counts.replied += batch.parcels?.replies.length ?? 0;
      return result;
    },
  };
  return { store: Object.assign(store, counting), counts };
}

interface Member {
  readonly store: Storage;
  readonly counts: Counts;
  readonly acting: Acting;
}

/** Processes in one session, which act together until something holds. */
class Company {
  readonly schema: TestSchema;
  readonly lines: Line[] = [];
  members: Member[] = [];

  constructor(schema: TestSchema) {
    this.schema = schema;
  }

  static async of(count: number, schema = newPlace()): Promise<Company> {
    const company = new Company(schema);
    const session = await openSession(schema.open(), budget);
    for (let number = 0; number < count; number += 1) {
      const { store, counts } = counted(schema.open());
      const plane = await openControlPlane({ storage: store });
      cleanups.push(() => plane.close());
      const random = new Random(Math.random());
      const say = (line: Line): void => void company.lines.push(line);
      const acting = await Acting.attach({ plane, session, label: `m${number}`, random, say });
      company.members.push({ store, counts, acting });
    }
    return company;
  }

  /** Until something has held once. */
  async act(who: readonly Member[], until: () => boolean): Promise<void> {
    let isOver = false;
    const work = async ({ acting }: Member): Promise<void> => {
      while (!(isOver ||= until())) await acting.act();
    };
    await Promise.all(who.flatMap((each) => Array.from({ length: callers }, () => work(each))));
  }

  get acknowledged(): number {
    return this.lines.filter(({ ack }) => ack !== undefined).length;
  }

  /** Holds the log against what was said. */
  async account(): Promise<void> {
    await Promise.all(this.members.map(({ acting }) => acting.plane.close()));
    await account(this.schema.open(), this.lines);
  }
}

/** After so many rounds one of them is never decided for. */
const roundsMax = 60;
const acksPerRound = 60;

test('of processes that call at once each has calls decided in another’s turn, and the books agree', async () => {
  const company = await Company.of(processes);
  const { members } = company;
  for (let round = 0; members.some(({ counts }) => counts.answered === 0); round += 1) {
    expect(round).toBeLessThan(roundsMax);
    // Whoever decides for all is decided for once it has rested, and another has begun to.
    const others = members.filter((_, number) => number !== round % processes);
    const replied = () => others.reduce((sum, { counts }) => sum + counts.replied, 0);
    const [before, from] = [replied(), company.acknowledged];
    await company.act(
      others,
      () => replied() > before || company.acknowledged > from + acksPerRound,
    );
    const to = company.acknowledged + acksPerRound;
    await company.act(members, () => company.acknowledged > to);
  }
  const sum = (of: keyof Counts) => members.reduce((all, { counts }) => all + counts[of], 0);
  expect(sum('replied')).toBeGreaterThanOrEqual(sum('answered'));
  await company.account();
});

test('where transactions are serializable unless they say otherwise, each call has one effect and one answer', async () => {
  const plain = newPlace();
  const url = new URL(plain.url);
  url.searchParams.set('options', '-c default_transaction_isolation=serializable');
  const company = await Company.of(processes, newSchema(url.href, plain.schema));
  const replied = () => company.members.reduce((sum, { counts }) => sum + counts.replied, 0);
  await company.act(
    company.members,
    () => company.acknowledged > 3 * acksPerRound && replied() > 0,
  );
  await company.account();
  // That is what of two calls with one key the later one is told.
  const failures = company.lines.flatMap(({ failed = 'permit-not-startable' }) => failed);
  expect(new Set(failures)).toEqual(new Set(['permit-not-startable']));
});

test('whoever decides for others under load closes in bounded time, and the others get on', async () => {
  const company = await Company.of(processes);
  const { members } = company;
  let leader: Member | undefined;
  const leads = ({ store, counts }: Member) => counts.replied > 0 && store.turns?.kept === true;
  await company.act(members, () => (leader ??= members.find(leads)) !== undefined);
  const others = members.filter((each) => each !== leader);
  let isClosed = false;
  const acting = company.act(others, () => isClosed);
  const started = performance.now();
  await leader?.acting.plane.close();
  expect(performance.now() - started).toBeLessThan(patience * turnWaitMs);
  isClosed = true;
  await acting;
  const to = company.acknowledged + acksPerRound;
  await company.act(others, () => company.acknowledged > to);
  await company.account();
});

const scope = { kind: 'agent', org: 'acme', name: 'other-bot' } as const;
/** Nothing is polled for: what is heard, is heard by notification. */
const unpolled = { pollMs: 3_600_000 };
const killsMax = 500;

/** A running permit. */
async function running(plane: ControlPlane, agent: string) {
  const session = await plane.openSession({ principal: staff(plane).billing, agent });
  const { permit } = await session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
  });
  if (permit === undefined) throw new Error('it was refused');
  return { session, permit };
}

test('a kill that was decided in somebody else’s turn stops what runs in a third process', async () => {
  const schema = newPlace();
  const { store, counts } = counted(schema.open());
  const [busy, killing, following] = [
    await openShop(schema.open()),
    await openShop(store),
    await openShop(schema.open(), unpolled),
  ];
  for (const plane of [busy, killing, following]) cleanups.push(() => plane.close());
  const { session } = await running(busy, 'bot');
  const calling = { isOver: false };
  const work = async (): Promise<void> => {
    const call = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
    while (!calling.isOver) await session.authorize(call);
  };
  const working = Promise.all(Array.from({ length: callers }, work));
  let decidedElsewhere = 0;
  for (let kills = 0; decidedElsewhere < 3; kills += 1) {
    expect(kills).toBeLessThan(killsMax);
    const { permit } = await running(following, 'other-bot');
    const aborted = once(permit.signal, 'abort');
    const before = counts.answered;
    await killing.kill({ scope, by: staff(killing).ops, reason: 'odd' });
    decidedElsewhere += counts.answered - before;
    await aborted;
    await killing.release({ scope, by: staff(killing).root, reason: 'it is over' });
  }
  calling.isOver = true;
  await working;
});

/** A process that takes parcels and does nothing with them, and the first line that it says. */
function taking({ url, schema }: TestSchema): { child: ChildProcess; said: Promise<unknown> } {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'taker.ts'), `${url}#${schema}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  cleanups.push(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return { child, said: once(child.stdout, 'data') };
}

test.each(['SIGSTOP', 'SIGKILL'] as const)(
  'what a process took and did not decide before its %s is decided once, by its sender, in bounded time',
  async (signal) => {
    const schema = newPlace();
    const planes = [await openShop(schema.open()), await openShop(schema.open())];
    for (const plane of planes) cleanups.push(() => plane.close());
    const sessions = await Promise.all(planes.map((plane) => running(plane, 'bot')));
    const { child, said } = taking(schema);
    const calling = { isStruck: false, isOver: false };
    const strike = async (): Promise<void> => {
      await said;
      child.kill(signal);
      calling.isStruck = true;
    };
    let longestMs = 0;
    const decisions: string[] = [];
    const work = async ({ session }: (typeof sessions)[number]): Promise<void> => {
      const call = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
      while (!calling.isOver) {
        const isLast = calling.isStruck;
        const started = performance.now();
        decisions.push((await session.authorize(call)).id);
        longestMs = Math.max(longestMs, performance.now() - started);
        calling.isOver ||= isLast;
      }
    };
    await Promise.all([strike(), ...sessions.map(work)]);
    // Sooner than whoever waits for the turn gives up: the server takes it from whoever stands still.
    expect(longestMs).toBeLessThan(patience * turnWaitMs);
    const logged = await schema.sql(`SELECT body::json -> 'data' ->> 'decision' AS id FROM $s.entry
      WHERE body::json ->> 'type' = 'action-decided'`);
    const known = sessions.map(({ permit }) => permit.id);
    expect(logged.map(({ id }) => String(id)).toSorted()).toEqual(
      [...known, ...decisions].toSorted(),
    );
  },
);

test('a server that crashes loses its parcels, and nobody decides what was in them', async () => {
  const server = await startServer();
  cleanups.push(() => server.remove());
  const schema = newSchema(server.url);
  const [holder, sender] = [schema.open(), schema.open()];
  for (const store of [holder, sender]) {
    await store.open('main');
    cleanups.push(() => store.close());
  }
  const parcel = { sender: 'sender', number: 1, text: 'a question' };
  expect(await sender.turns?.entrust(parcel)).toEqual({ own: { status: 'waiting' } });
  await crash(server.url);
  const lost = { own: { status: 'gone' }, parcels: [] };
  // The first may meet a connection that the crash ended.
  await expect.poll(() => holder.turns?.take(0, [], parcel)).toMatchObject(lost);
  const parcels = { replies: [{ ...parcel, text: 'an answer' }] };
  const refused = { status: 'conflict', size: 0 };
  expect(await holder.append({ ...batchOf(0, ['a']), parcels })).toEqual(refused);
  const reclaimed = () => sender.turns?.reclaim(parcel).catch(String);
  await expect.poll(reclaimed).toEqual({ status: 'gone' });
  const next = { ...parcel, number: 2 };
  expect(await sender.turns?.entrust(next)).toEqual({ own: { status: 'waiting' } });
});

const crashes = 2;

test('a server crashes again and again under processes that decide for each other', async () => {
  const server = await startServer();
  cleanups.push(() => server.remove());
  const schema = newSchema(server.url);
  const answers = async (): Promise<number> =>
    (await schema.sql('SELECT FROM $s.parcel WHERE reply IS NOT NULL')).length;
  await suffer({ schema, processes }, async (suffering) => {
    for (let count = 0; count < crashes; count += 1) {
      await suffering.actDuring(async () => {
        await expect.poll(answers).toBeGreaterThan(0);
        await crash(server.url);
      });
      await suffering.recover();
    }
    await suffering.actWell();
  });
});
