/**
 * Parcels, at the store: whoever has the turn answers what others left while they wait, at most once and in the
 * commit of the batch that decides it; a parcel that was taken back, or came too late, is never answered.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import type { Batch, Parcel, Storage, Turns } from '../../src/storage/storage.ts';
import { batchOf, texts } from '../../src/testing/storage-batches.ts';
import { newSchema, type TestSchema } from './schema.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Open {
  readonly store: Storage;
  readonly turns: Turns;
}

function newPlace(): TestSchema {
  const schema = newSchema();
  cleanups.push(() => schema.drop());
  return schema;
}

async function openedIn(schema: TestSchema, log = 'main'): Promise<Open> {
  const store = schema.open();
  cleanups.push(() => store.close());
  await store.open(log);
  const { turns } = store;
  if (turns === undefined) throw new Error('it has no turns');
  return { store, turns };
}

/** One that has the turn or takes it, and one that leaves parcels. */
async function pair(): Promise<{ schema: TestSchema; holder: Open; sender: Open }> {
  const schema = newPlace();
  return { schema, holder: await openedIn(schema), sender: await openedIn(schema) };
}

/** A connection in a transaction, which somebody else has. */
async function begun({ url, schema }: TestSchema): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  cleanups.push(() => client.end());
  await client.query(`BEGIN; SET LOCAL search_path = ${schema}`);
  return client;
}

/** Somebody who has the turn and decides nothing, until it is given back. */
async function turnOf(schema: TestSchema): Promise<() => Promise<unknown>> {
  const client = await begun(schema);
  await client.query(`SELECT pg_advisory_xact_lock(hashtext('${schema.schema}'), id) FROM log`);
  return () => client.query('COMMIT');
}

/** Waits until so many of the schema's sessions wait for the turn, or for what another has written. */
async function queued({ sql }: TestSchema, kind: 'advisory' | 'transactionid', count: number) {
  const waiting = async (): Promise<unknown> => {
    const [row] = await sql(
      `SELECT count(*)::int FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = '${kind}' AND NOT granted AND query LIKE '%$s%'`,
    );
    return row?.['count'];
  };
  await expect.poll(waiting, { timeout: 60_000 }).toBe(count);
}

const nobody = { sender: 'nobody', number: 0 };
const one = { sender: 'sender', number: 1, text: 'one' };
const two = { ...one, number: 2, text: 'two' };

/** The batch, with answers to parcels. */
function answering(batch: Batch, ...left: readonly Parcel[]): Batch {
  const replies = left.map((parcel) => ({ ...parcel, text: `answer to ${parcel.text}` }));
  return { ...batch, parcels: { replies } };
}

const answered = { status: 'answered', text: 'answer to one' };
const appended = { status: 'appended' };

const large = randomBytes(100_000).toString('hex');

test.each([
  ['short', 'a question', 'an answer'],
  ['of awkward characters', texts.join('|'), texts.toReversed().join('|')],
  ['larger than a page', large, large.toUpperCase()],
])('whoever has the turn answers a parcel, %s, while its sender waits', async (_, text, reply) => {
  const { schema, holder, sender } = await pair();
  const give = await turnOf(schema);
  let isDone = false;
  const heard = sender.turns.entrust({ ...one, text }).finally(() => (isDone = true));
  await queued(schema, 'advisory', 1);
  const taken = holder.turns.take(0, [], nobody);
  await queued(schema, 'advisory', 2);
  await give();
  // It came behind the beginning of the turn before, and comes with this one.
  expect((await taken)?.parcels).toEqual([{ ...one, text }]);
  expect(isDone).toBe(false);
  const parcels = { replies: [{ ...one, text: reply }] };
  expect(await holder.store.append({ ...batchOf(0, ['a']), parcels })).toEqual(appended);
  expect(await heard).toEqual({ own: { status: 'answered', text: reply } });
  // Others are at work, and will answer the next one too.
  expect(sender.turns.wanted).toBe(true);
});

test('what came until a parcel was looked for comes with its answer', async () => {
  const { schema, holder, sender } = await pair();
  const give = await turnOf(schema);
  const heard = sender.turns.entrust(one, { from: 0, keys: [] });
  await queued(schema, 'advisory', 1);
  const taken = holder.turns.take(0, [], nobody);
  await queued(schema, 'advisory', 2);
  await give();
  await taken;
  const batch = batchOf(0, ['a', 'b']);
  expect(await holder.store.append(answering(batch, one))).toEqual(appended);
  const news = { head: batch.head, entries: batch.entries, records: [] };
  expect(await heard).toEqual({ own: answered, news });
});

test('where nobody has the turn a parcel waits, and its sender does not', async () => {
  const { holder, sender } = await pair();
  const later = { ...one, sender: 'a later one' };
  expect(await sender.turns.entrust(one)).toEqual({ own: { status: 'waiting' } });
  expect(await sender.turns.entrust(later)).toEqual({ own: { status: 'waiting' } });
  // The oldest first; and of its own, whoever takes the turn hears how it stands.
  const news = { own: { status: 'gone' }, parcels: [one, later] };
  expect(await holder.turns.take(0, [], nobody)).toMatchObject(news);
  await holder.turns.leave();
  const own = { own: { status: 'waiting' }, parcels: [later] };
  expect(await sender.turns.take(0, [], one)).toMatchObject(own);
});

test('a parcel that has waited for too long, or whose sender is gone, is not given to others', async () => {
  const { schema, holder, sender } = await pair();
  await sender.turns.entrust(one);
  await schema.sql(`UPDATE $s.parcel SET at = at - interval '31 seconds'`);
  expect((await holder.turns.take(0, [], nobody))?.parcels).toEqual([]);
  await holder.turns.leave();
  await schema.sql(`UPDATE $s.parcel SET at = at - interval '1 day'`);
  await holder.turns.entrust({ ...one, sender: 'new' });
  expect(await schema.sql('SELECT sender FROM $s.parcel')).toEqual([{ sender: 'new' }]);
});

interface Appending {
  readonly how: string;
  /** What comes before each append. */
  readonly before: (holder: Open) => Promise<unknown>;
}

const appending: readonly Appending[] = [
  { how: 'with a turn', before: ({ turns }) => turns.take(0, [], nobody) },
  { how: 'without a turn', before: ({ turns }) => turns.leave() },
];

test.each(appending)('a batch refused for its size answers nobody, $how', async ({ before }) => {
  const { schema, holder, sender } = await pair();
  await holder.store.append(batchOf(0, ['a']));
  await sender.turns.entrust(one);
  await before(holder);
  const refused = { status: 'conflict', size: 1 };
  expect(await holder.store.append(answering(batchOf(5, ['b']), one))).toEqual(refused);
  expect(await holder.store.append({ ...batchOf(0, ['b']), parcels: { own: one, replies: [] } }))
    // Nor does it settle the one that it names as its own.
    .toEqual(refused);
  expect(await schema.sql('SELECT text, reply FROM $s.parcel')).toEqual([
    { text: 'one', reply: null },
  ]);
});

const endings: readonly (readonly [string, (sender: Open, holder: Open) => Promise<unknown>])[] = [
  ['was answered', (_, { store }) => store.append(answering(batchOf(0, ['a']), one))],
  ['its sender took back', ({ turns }) => turns.reclaim(one)],
  ['was replaced by a later one', ({ turns }) => turns.entrust(two)],
  [
    'its sender decided itself',
    ({ store }) => store.append({ ...batchOf(0, ['a']), parcels: { own: one, replies: [] } }),
  ],
];

test.each(endings.flatMap(([what, end]) => appending.map((each) => ({ what, end, ...each }))))(
  'a batch that names a parcel which $what writes nothing, $how',
  async ({ end, before }) => {
    const { schema, holder, sender } = await pair();
    const other = { ...one, sender: 'other' };
    await sender.turns.entrust(one);
    await sender.turns.entrust(other);
    await end(sender, holder);
    const { size } = await holder.store.head();
    const parcels = await schema.sql('SELECT * FROM $s.parcel ORDER BY sender');
    const named: readonly Batch[] = [
      answering(batchOf(size, ['b']), one),
      answering(batchOf(size, ['b']), one, other),
      answering(batchOf(size, ['b']), other, one),
      { ...batchOf(size, ['b']), parcels: { own: one, replies: [] } },
      { ...answering(batchOf(size, ['b']), other), parcels: { own: one, replies: [other] } },
      // Nor does one that holds nothing else.
      answering({ ...batchOf(size, []), head: await holder.store.head() }, one),
    ];
    for (const batch of named) {
      await before(holder);
      expect(await holder.store.append(batch)).toEqual({ status: 'conflict', size });
    }
    expect(await schema.sql('SELECT * FROM $s.parcel ORDER BY sender')).toEqual(parcels);
    expect((await holder.store.head()).size).toBe(size);
    // The other one waits on.
    await before(holder);
    expect(await holder.store.append(answering(batchOf(size, ['b']), other))).toEqual(appended);
  },
);

test('a batch waits for one that names the same parcel, and gives way to it', async () => {
  const { schema, holder, sender } = await pair();
  await sender.turns.entrust(one);
  const client = await begun(schema);
  // As an append that is not committed yet. It has no turn any more, so that both may be at it.
  await client.query(`UPDATE parcel SET text = NULL, reply = 'first'`);
  const second = holder.store.append(answering(batchOf(0, ['a']), one));
  await queued(schema, 'transactionid', 1);
  await client.query('COMMIT');
  expect(await second).toEqual({ status: 'conflict', size: 0 });
  expect(await sender.turns.reclaim(one)).toEqual({ status: 'answered', text: 'first' });
});

test('of two batches that name each other’s parcels neither waits for the other', async () => {
  const { schema, holder, sender } = await pair();
  const [a, b] = [
    { ...one, sender: 'a' },
    { ...one, sender: 'b' },
  ];
  for (const each of [a, b]) await sender.turns.entrust(each);
  const client = await begun(schema);
  await client.query(`SELECT FROM parcel WHERE sender = 'a' FOR UPDATE`);
  const parcels = { own: b, replies: [{ ...a, text: 'answer' }] };
  const held = holder.store.append({ ...batchOf(0, ['x']), parcels });
  await queued(schema, 'transactionid', 1);
  // All lock in one order: what comes behind the one that it waits for is not locked yet.
  await client.query(`SELECT FROM parcel WHERE sender = 'b' FOR UPDATE NOWAIT`);
  await client.query('COMMIT');
  expect(await held).toEqual(appended);
});

test('of a parcel that is taken back its sender gets the answer, as often as it asks', async () => {
  const { holder, sender } = await pair();
  await sender.turns.entrust(one);
  await holder.store.append(answering(batchOf(0, ['a']), one));
  expect(await sender.turns.reclaim(one)).toEqual(answered);
  expect(await sender.turns.reclaim(one)).toEqual(answered);
  expect((await sender.turns.take(1, [], one))?.own).toEqual(answered);
  await sender.turns.leave();
  expect(await sender.turns.entrust(two)).toEqual({ own: { status: 'waiting' } });
  // Of the one before it nothing is known any more, and the one that waits is left alone.
  expect(await sender.turns.reclaim(one)).toEqual({ status: 'gone' });
  expect((await holder.turns.take(1, [], nobody))?.parcels).toEqual([two]);
});

const three = { ...one, number: 3, text: 'three' };
const lateness: readonly (readonly [string, (sender: Open) => Promise<unknown>])[] = [
  ['was taken back before it came', ({ turns }) => turns.reclaim(three)],
  [
    'was taken back, as one before it had come',
    async ({ turns }) => {
      await turns.entrust(one);
      await turns.reclaim(three);
    },
  ],
  [
    'was taken back after it had come',
    async ({ turns }) => {
      await turns.entrust(three);
      await turns.reclaim(three);
    },
  ],
  [
    'was decided by its sender',
    async ({ store, turns }) => {
      await turns.entrust(three);
      await store.append({ ...batchOf(0, ['a']), parcels: { own: three, replies: [] } });
    },
  ],
];

test.each(lateness)('a parcel that comes after it %s leaves nothing', async (_, end) => {
  const { schema, holder, sender } = await pair();
  await end(sender);
  for (const late of [one, two, three]) {
    expect(await sender.turns.entrust(late)).toEqual({ own: { status: 'gone' } });
  }
  expect((await holder.turns.take(0, [], nobody))?.parcels).toEqual([]);
  await holder.turns.leave();
  expect(await schema.sql('SELECT text, reply FROM $s.parcel')).toEqual([
    { text: null, reply: null },
  ]);
  const next = { ...one, number: 4 };
  expect(await sender.turns.entrust(next)).toEqual({ own: { status: 'waiting' } });
});

test('a parcel that comes after a later one leaves nothing', async () => {
  const { holder, sender } = await pair();
  await sender.turns.entrust(three);
  expect(await sender.turns.entrust(two)).toEqual({ own: { status: 'gone' } });
  expect(await sender.turns.entrust({ ...three, text: 'again' })).toMatchObject({
    own: { status: 'waiting' },
  });
  expect((await holder.turns.take(0, [], nobody))?.parcels).toEqual([three]);
});

test('parcels of one log are nobody’s business in another', async () => {
  const { schema, sender } = await pair();
  const elsewhere = await openedIn(schema, 'other');
  await sender.turns.entrust(one);
  const theirs = { ...one, text: 'theirs' };
  expect(await elsewhere.turns.take(0, [], nobody)).toMatchObject({ parcels: [] });
  await elsewhere.turns.leave();
  expect(await elsewhere.store.append(answering(batchOf(0, ['a']), one))).toMatchObject({
    status: 'conflict',
  });
  expect(await elsewhere.turns.reclaim(one)).toEqual({ status: 'gone' });
  expect(await elsewhere.turns.entrust({ ...theirs, number: 2 })).toMatchObject({
    own: { status: 'waiting' },
  });
  expect((await sender.turns.take(0, [], one))?.own).toEqual({ status: 'waiting' });
  expect(await sender.store.append(answering(batchOf(0, ['a']), one))).toEqual(appended);
  expect((await elsewhere.turns.take(0, [], { ...one, number: 2 }))?.own).toEqual({
    status: 'waiting',
  });
  expect(await sender.turns.reclaim(one)).toEqual(answered);
});

/** For how long a process may have its turn that queues for the next one with its append. */
const quickMs = 50;

test('a quick process queues for its next turn as it appends, and a slow one does not', async () => {
  const { schema, holder } = await pair();
  const give = await turnOf(schema);
  expect(await holder.store.append(batchOf(0, ['a']))).toMatchObject({ status: 'conflict' });
  await give();
  let size = 0;
  // A machine that stands still in between makes a slow one of a quick one.
  while (!holder.turns.kept) {
    await holder.turns.take(size, [], nobody);
    if ((await holder.store.append(batchOf(size, ['a']))).status === 'appended') size += 1;
  }
  expect(await holder.turns.take(size, [], nobody)).toMatchObject({ entries: [] });
  await sleep(quickMs + 1);
  expect(await holder.store.append(batchOf(size, ['b']))).toEqual(appended);
  expect(holder.turns.kept).toBe(false);
});

test('whoever finds that another appended in between does not queue for its next turn', async () => {
  const { holder, sender } = await pair();
  await sender.store.append(batchOf(0, ['a']));
  expect((await holder.turns.take(0, [], nobody))?.entries).toHaveLength(1);
  expect(await holder.store.append(batchOf(1, ['b']))).toEqual(appended);
  expect(holder.turns.wanted).toBe(true);
  expect(holder.turns.kept).toBe(false);
});
