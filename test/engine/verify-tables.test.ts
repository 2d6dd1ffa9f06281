/**
 * The tables against the log: `verify` adds up the decisions that are settled for good and compares sums. What
 * it says has to be what somebody says who keeps every record and compares each.
 */
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { openControlPlane, verify, type VerifyFault } from '../../src/engine/index.ts';
import { EntryVerifier } from '../../src/engine/verify/entries.ts';
import { verifyRecords } from '../../src/engine/verify/records.ts';
import { guard } from '../../src/enforce/guard.ts';
import { recordKinds } from '../../src/kernel/index.ts';
import type { SealedEntry } from '../../src/log/index.ts';
import { memory } from '../../src/storage/memory.ts';
import type {
  Head,
  Pages,
  Storage,
  StoredContent,
  StoredRecord,
} from '../../src/storage/storage.ts';
import type { Tool } from '../../src/enforce/guard.ts';
import { openOneTool } from './one-tool.ts';
import { withPages } from './paged-storage.ts';
import { type Order, read, refund } from './shop.ts';

interface Stored {
  readonly entries: readonly SealedEntry[];
  readonly contents: readonly StoredContent[];
  readonly records: readonly StoredRecord[];
  readonly head: Head;
}

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {}, 'order.refund': {} },
  tiers: { autoApprove: ['order.read'], alwaysApprove: ['order.refund'] },
};

/** Reads an order, and takes as long as it is let. */
class SlowReading {
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly started = this.#started.promise;
  readonly tool: Tool<Order, object> = {
    ...read,
    name: 'slow',
    execute: async () => {
      this.#started.resolve();
      await this.#ended.promise;
      return {};
    },
  };

  end(): void {
    this.#ended.resolve();
  }
}

async function openShop(storage: Storage, slow: SlowReading) {
  const tools = [read, refund, slow.tool];
  const plane = await openControlPlane({ storage, policy, agents: ['bot'], tools });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const openSession = () => plane.openSession({ principal, agent: 'bot', budget: { actions: 99 } });
  return { plane, openSession };
}

let good: Stored;

/** Decisions of two sessions, a ticket with more than ASCII in it, and a call that runs. */
beforeAll(async () => {
  const storage = memory();
  const slow = new SlowReading();
  const { plane, openSession } = await openShop(storage, slow);
  let running: Promise<unknown> | undefined;
  for (let round = 0; round < 2; round += 1) {
    const session = await openSession();
    const call = guard(session, read);
    for (let at = 0; at < 4; at += 1) await call({ orderId: `o-${at}` });
    // Refused until somebody approves it.
    await guard(session, refund)({ orderId: 'ö-€-🙂', amount: '1.00' }).catch(() => {});
    if (round === 1) running = guard(session, slow.tool)({ orderId: 'o-9' });
  }
  await slow.started;
  const { head } = await storage.scanRecords({ kind: 'session', limit: 1 });
  const records: StoredRecord[] = [];
  for (const kind of recordKinds) {
    records.push(...(await storage.scanRecords({ kind, limit: 100 })).records);
  }
  const entries = await storage.readEntries(0, head.size);
  const contents = await storage.readContents(0, head.size);
  good = { entries, contents, records, head };
  slow.end();
  await running;
  await plane.close();
});

async function stored({ entries, contents, records, head }: Stored): Promise<Storage> {
  const storage = memory();
  await storage.open('main');
  await storage.append({
    expectedSize: 0,
    expectedPrevious: null,
    entries,
    contents,
    records,
    head,
  });
  return storage;
}

/** Keeps every record, and compares each. */
async function faultOfEach(storage: Storage): Promise<VerifyFault | undefined> {
  const entries = new EntryVerifier(storage, 'main', {}, { keepsAll: true });
  try {
    const fault = await entries.extend(await storage.open('main'));
    return fault ?? (await verifyRecords(storage, entries)).fault;
  } finally {
    await entries.end();
  }
}

type Change = (
  records: readonly StoredRecord[],
  at: number,
  other: number,
) => readonly StoredRecord[];

function changed(change: (record: StoredRecord) => StoredRecord): Change {
  return (records, at) => records.map((each, index) => (index === at ? change(each) : each));
}

/** A change before may have left no JSON. */
function membersReversed(text: string): string {
  if (!text.startsWith('{')) return text;
  return JSON.stringify(
    Object.fromEntries(Object.entries(JSON.parse(text) as object).toReversed()),
  );
}

const changes: Readonly<Record<string, Change>> = {
  'a value is another': changed((each) => ({ ...each, value: each.value.replace(/\d/, '7') })),
  'a value is no JSON': changed((each) => ({ ...each, value: each.value.slice(1) })),
  'a value has its members in another order': changed((each) => ({
    ...each,
    value: membersReversed(each.value),
  })),
  'the liveness is another': changed((each) => ({ ...each, live: !each.live })),
  'the parent is another': changed((each) => ({ ...each, parent: `${each.parent}x` })),
  'the key is another': changed((each) => ({ ...each, key: `${each.key}x` })),
  'one is missing': (records, at) => records.filter((_, index) => index !== at),
  'one is there again under another key': (records, at) =>
    records.flatMap((each, index) =>
      index === at ? [each, { ...each, key: `${each.key}x` }] : [each],
    ),
  'two have each other’s value': (records, at, other) => {
    const [left, right] = [records[at], records[other]];
    if (left?.kind !== right?.kind) return records;
    return records.map((each) => {
      if (each === left) return { ...left, value: right?.value ?? '' };
      return each === right ? { ...right, value: left?.value ?? '' } : each;
    });
  },
};

const anyChange = fc.tuple(
  fc.constantFrom(...Object.keys(changes)),
  fc.nat({ max: 30 }),
  fc.nat({ max: 30 }),
);

function withChanges(picked: readonly (readonly [string, number, number])[]): Stored {
  const records = picked.reduce(
    (each, [name, at, other]) =>
      changes[name]?.(each, at % each.length, other % each.length) ?? each,
    good.records,
  );
  return { ...good, records };
}

test('tables that nobody touched hold, and each change is found, an order of members aside', async () => {
  expect((await verify(await stored(good))).faults).toEqual([]);
  const at = good.records.findIndex(({ kind, live }) => kind === 'decision' && !live);
  for (const name of Object.keys(changes)) {
    const storage = await stored(withChanges([[name, at, at + 1]]));
    const isFine = name === 'a value has its members in another order';
    expect([name, (await verify(storage)).holds]).toEqual([name, isFine]);
  }
});

test('what is found in the tables is what somebody finds who keeps and compares every record', async () => {
  const same = fc.asyncProperty(
    fc.array(anyChange, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    async (picked, hasPages) => {
      const tampered = await stored(withChanges(picked));
      const storage = hasPages ? withPages(tampered) : tampered;
      const fault = await faultOfEach(tampered);
      expect((await verify(storage)).faults).toEqual(fault === undefined ? [] : [fault]);
    },
  );
  await fc.assert(same, { numRuns: 80 });
});

test('a log that holds is read once, with calls that run among those that are settled', async () => {
  const storage = withPages(await stored(good));
  let opened = 0;
  const counted = new Proxy(storage, {
    get: (target, name) => {
      if (name === 'open') opened += 1;
      return Reflect.get(target, name) as unknown;
    },
  });
  expect((await verify(counted)).holds).toBe(true);
  expect(opened).toBe(1);
});

test('a log whose decisions are settled while the tables are read holds, and is read once', async () => {
  const storage = memory();
  const slow = new SlowReading();
  const { plane, openSession } = await openShop(storage, slow);
  const call = guard(await openSession(), read);
  const running = guard(await openSession(), slow.tool)({ orderId: 'o-0' });
  await slow.started;
  for (let at = 1; at < 4; at += 1) await call({ orderId: `o-${at}` });
  let calls = 3;
  const busy = afterScan(withPages(storage), async () => {
    slow.end();
    await running;
    calls -= 1;
    if (calls > 0) await call({ orderId: 'o-9' });
  });
  const entries = new EntryVerifier(busy, 'main', {});
  expect(await entries.extend(await busy.open('main'))).toBeUndefined();
  expect((await verifyRecords(busy, entries, 1)).fault).toBeUndefined();
  await entries.end();
  expect((await verify(busy)).faults).toEqual([]);
  await plane.close();
});

test('a log with results that were passed on, redacted and withheld holds, and is read once', async () => {
  const tool = { name: 'read', action: 'file.read' };
  const output = [
    { id: 'keys', evaluator: 'secrets', effect: 'redact', match: { resource: 'file/key' } },
    { id: 'kept', evaluator: 'secrets', match: { resource: 'file/kept' } },
  ];
  const results: unknown[] = ['fine', `ghp_${'a1'.repeat(18)}`];
  const told = async (resource: string, result: unknown) => {
    const { session, storage } = await openOneTool({
      tool: { ...tool, resource },
      policy: { guardrails: { output } },
    });
    await guard(session, { ...tool, resource, execute: () => result })({}).catch(() => {});
    const progress: number[] = [];
    const { faults, head } = await verify(storage, { onProgress: (at) => progress.push(at) });
    expect([faults, progress]).toEqual([[], [head.size]]);
    const { records } = await storage.scanRecords({ kind: 'decision', limit: 1 });
    return (JSON.parse(records[0]?.value ?? '{}') as { output?: unknown }).output;
  };
  expect(await told('file/none', results[0])).toBeUndefined();
  expect(await told('file/key', results[0])).toMatchObject({ outcome: 'pass' });
  expect(await told('file/key', results[1])).toMatchObject({ outcome: 'pass', redacted: 1 });
  expect(await told('file/kept', results[1])).toMatchObject({ outcome: 'refuse' });
});

/** Does something after each page of decisions was read, and before it is looked at. */
function afterScan(storage: Storage, work: () => Promise<void>): Storage {
  const { pages } = storage;
  if (pages === undefined) throw new Error('it has pages');
  const records: Pages['records'] = async (query) => {
    const page = await pages.records(query);
    if (query.kind === 'decision') await work();
    return page;
  };
  return new Proxy(storage, {
    get: (target, name) =>
      name === 'pages' ? { ...pages, records } : (Reflect.get(target, name) as unknown),
  });
}
