/**
 * `verify` folds in one thread and hashes in another: what it finds first is what somebody finds who checks one
 * entry after the other, and a thread that is lost is never taken for a good word.
 */
import * as fc from 'fast-check';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { threadCode } from '../../scripts/thread-code.ts';
import { Fold } from '../../src/engine/verify/fold.ts';
import { openControlPlane, verify, type VerifyFault } from '../../src/engine/index.ts';
import { placedEvent } from '../../src/engine/store/placed-event.ts';
import { EntryVerifier, type VerifyWork } from '../../src/engine/verify/entries.ts';
import type { AddedRecords } from '../../src/engine/verify/hasher.ts';
import { type Hashing, HashingInPlace, HashingThread } from '../../src/engine/verify/hashing.ts';
import { guard } from '../../src/enforce/guard.ts';
import { apply } from '../../src/kernel/index.ts';
import type { Hashed, HashPage } from '../../src/log/hash-page.ts';
import {
  appendLeaves,
  ChainVerifier,
  commit,
  emptyFrontier,
  leafHash,
  rootHash,
  type SealedEntry,
  sealEntry,
} from '../../src/log/index.ts';
import { memory } from '../../src/storage/memory.ts';
import type { Head, Storage, StoredContent } from '../../src/storage/storage.ts';
import { withPages } from './paged-storage.ts';
import { read } from './shop.ts';

interface Log {
  readonly entries: readonly SealedEntry[];
  readonly contents: readonly StoredContent[];
  readonly head: Head;
}

interface Anchor {
  readonly size: number;
  readonly root: string;
}

let good: Log;

beforeAll(async () => {
  const storage = memory();
  const policy = {
    format: 1,
    version: 1,
    actions: { 'order.read': {} },
    tiers: { autoApprove: ['order.read'] },
  };
  const plane = await openControlPlane({ storage, policy, agents: ['bot'], tools: [read] });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  for (let round = 0; round < 3; round += 1) {
    const session = await plane.openSession({ principal, agent: 'bot' });
    const call = guard(session, read);
    for (let at = 0; at < 5; at += 1) await call({ orderId: `o-${at}` });
    await session.complete();
  }
  const head = await storage.head();
  const entries = await storage.readEntries(0, head.size);
  const contents = await storage.readContents(0, head.size);
  await plane.close();
  good = { entries, contents, head };
});

async function stored({ entries, contents, head }: Log): Promise<Storage> {
  const storage = memory();
  await storage.open('main');
  await storage.append({
    expectedSize: 0,
    expectedPrevious: null,
    entries,
    contents,
    records: [],
    head,
  });
  return storage;
}

/** One entry after the other, each as a whole: what the threads together have to agree with. */
function faultInOrder({ entries, contents, head }: Log, anchor?: Anchor): VerifyFault | undefined {
  const chain = new ChainVerifier({ log: 'main' });
  const fold = new Fold();
  for (const sealed of entries) {
    const result = chain.push(sealed);
    if (!result.ok) return result.fault;
    const { index, data } = result.entry;
    try {
      const placed = placedEvent(result.entry);
      for (const change of apply(fold, placed.event, placed)) fold.put(change);
    } catch (failure) {
      const message = `the event cannot be applied: ${String(failure)}`;
      return { index, code: 'not-applicable', message };
    }
    const commitments = (data['commitments'] ?? {}) as Record<string, string>;
    for (const { field, salt, text } of contents.filter((each) => each.index === index)) {
      if (opens(salt, text, commitments[field])) continue;
      const message = `the ${field} kept beside entry ${index} is not what the entry commits to`;
      return { index, code: 'content-mismatch', message };
    }
    const { frontier } = chain.position;
    if (frontier.size === anchor?.size && rootHash(frontier) !== anchor.root) {
      const message = `the root at size ${anchor.size} is not the anchor's`;
      return { index, code: 'anchor-mismatch', message };
    }
  }
  return chain.finish(head);
}

function opens(salt: string, text: string, commitment: string | undefined): boolean {
  try {
    return commit(salt, text) === commitment;
  } catch {
    return false;
  }
}

/** A log made of bodies by somebody who can hash: leaves, chain and head fit. */
function sealedAnew(log: Log, bodies: readonly string[]): Log {
  let previous: string | null = null;
  const entries = bodies.map((body, index) => {
    const linked = body.replace(/"previous":(null|"[0-9a-f]*")/, `"previous":${quoted(previous)}`);
    previous = leafHash(linked);
    return { index, body: linked, leaf: previous };
  });
  const leaves = entries.map(({ leaf }) => leaf);
  const root = rootHash(appendLeaves(emptyFrontier, leaves));
  return { ...log, entries, head: { ...log.head, previous, root } };
}

function quoted(hash: string | null): string {
  return hash === null ? 'null' : `"${hash}"`;
}

type Corruption = (log: Log, at: number) => Log;

const corruptions: Readonly<Record<string, Corruption>> = {
  'a body is changed': (log, at) => withEntry(log, at, (body) => body.replace('"at":1', '"at":2')),
  'a body is no JSON, and hashed anew': (log, at) =>
    withEntry(log, at, (body) => body.slice(1), leafHash),
  'an entry goes back in time, hashed anew': (log, at) =>
    withEntry(log, at, (body) => body.replace('"at":1', '"at":0'), leafHash),
  'a leaf is changed': (log, at) =>
    withEntry(
      log,
      at,
      (body) => body,
      () => 'f'.repeat(64),
    ),
  'an event names another permit, all sealed anew': (log, at) =>
    sealedAnew(
      log,
      withEntry(log, at, (body) => body.replace(/"permit":"\w/, '"permit":"x')).entries.map(bodyOf),
    ),
  'an entry is put twice, all sealed anew': (log, at) =>
    sealedAnew(
      log,
      log.entries.map((entry, index) =>
        bodyOf(index === at + 1 ? (log.entries[at] ?? entry) : entry),
      ),
    ),
  'a text is changed': (log, at) => withContent(log, at, (each) => ({ ...each, text: 'other' })),
  'a salt is no salt': (log, at) => withContent(log, at, (each) => ({ ...each, salt: 'salt' })),
  'a text has another name': (log, at) =>
    withContent(log, at, (each) => ({ ...each, field: 'toString' })),
  'the head has another root': (log) => ({ ...log, head: { ...log.head, root: 'f'.repeat(64) } }),
};

function bodyOf({ body }: SealedEntry): string {
  return body;
}

function withEntry(
  log: Log,
  at: number,
  change: (body: string) => string,
  hashed?: (body: string) => string,
): Log {
  const entries = log.entries.map((entry, index) => {
    if (index !== at) return entry;
    const body = change(entry.body);
    return { index, body, leaf: hashed?.(body) ?? entry.leaf };
  });
  return { ...log, entries };
}

/** Changes the content whose turn it is, whichever entry it lies beside. */
function withContent(log: Log, at: number, change: (content: StoredContent) => StoredContent): Log {
  const which = at % log.contents.length;
  const contents = log.contents.map((each, index) => (index === which ? change(each) : each));
  return { ...log, contents };
}

/** Answers only once the other thread has gone on as far as it may. */
class LateHashing implements Hashing {
  readonly #hashing = new HashingInPlace();

  async check(page: HashPage): Promise<Hashed> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    return this.#hashing.check(page);
  }

  async add(added: AddedRecords): Promise<void> {
    await this.#hashing.add(added);
  }

  async agree(): Promise<boolean> {
    return this.#hashing.agree();
  }

  async end(): Promise<void> {}
}

async function verified(storage: Storage, log: Log, work: VerifyWork, anchor?: Anchor) {
  const options = anchor === undefined ? {} : { anchor };
  const verifier = new EntryVerifier(storage, 'main', options, { ...work, keepsAll: true });
  try {
    return await verifier.extend(log.head);
  } finally {
    await verifier.end();
  }
}

const anyCorruption = fc.tuple(fc.constantFrom(...Object.keys(corruptions)), fc.nat({ max: 30 }));
const anyCase = fc.record({
  corrupted: fc.array(anyCorruption, { maxLength: 3 }),
  pageSize: fc.integer({ min: 1, max: 12 }),
  anchor: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  hasPages: fc.boolean(),
});
type Case = typeof anyCase extends fc.Arbitrary<infer Each> ? Each : never;

async function assertSameFault(
  { corrupted, pageSize, anchor, hasPages }: Case,
  hashing: Hashing,
): Promise<void> {
  const log = corrupted.reduce((each, [name, at]) => corruptions[name]?.(each, at) ?? each, good);
  const leaves = good.entries.slice(0, anchor).map(({ leaf }) => leaf);
  const root = rootHash(appendLeaves(emptyFrontier, leaves));
  const anchored = anchor === undefined ? undefined : { size: anchor, root };
  const expected = faultInOrder(log, anchored);
  const rows = await stored(log);
  const storage = hasPages ? withPages(rows) : rows;
  expect(await verified(storage, log, { hashing, pageSize }, anchored)).toEqual(expected);
}

test('a log without corruption holds, and each corruption is found', async () => {
  expect(faultInOrder(good)).toBeUndefined();
  for (const [name, corrupt] of Object.entries(corruptions)) {
    expect([name, faultInOrder(corrupt(good, 12))]).not.toEqual([name, undefined]);
  }
});

test('the first fault is the same, however late the hashing answers', async () => {
  const same = fc.asyncProperty(anyCase, (each) => assertSameFault(each, new LateHashing()));
  await fc.assert(same, { numRuns: 150 });
});

test('the first fault is the same when a thread hashes', async () => {
  const same = fc.asyncProperty(anyCase, (each) => assertSameFault(each, new HashingThread()));
  await fc.assert(same, { numRuns: 10 });
});

test('contents that are gone are counted, and the first entry that lacks one is named', async () => {
  const places = good.contents.map((_, at) => at);
  const counted = fc.asyncProperty(
    fc.subarray(places),
    fc.integer({ min: 1, max: 9 }),
    async (gone, pageSize) => {
      const lost = new Set(gone);
      const contents = good.contents.filter((_, at) => !lost.has(at));
      const work = { hashing: new HashingInPlace(), pageSize };
      const verifier = new EntryVerifier(await stored({ ...good, contents }), 'main', {}, work);
      expect(await verifier.extend(good.head)).toBeUndefined();
      const first = Math.min(...gone.map((at) => good.contents[at]?.index ?? NaN));
      expect(verifier.erased).toEqual(
        gone.length === 0 ? undefined : { contents: gone.length, first },
      );
      expect(verifier.contents).toBe(contents.length);
    },
  );
  await fc.assert(counted, { numRuns: 60 });
});

test('a thread whose code is text, as in the package, hashes as any other', async () => {
  const module = join(import.meta.dirname, '../../src/engine/verify/verify-worker.ts');
  const code = await threadCode(module);
  const same = fc.asyncProperty(anyCase, (each) => assertSameFault(each, new HashingThread(code)));
  await fc.assert(same, { numRuns: 10 });
});

test.each([
  ['ends', 'process.exit(3)'],
  ['throws', 'throw new Error("no memory")'],
  ['does not load', 'import "no-such-module"'],
])('a thread that %s is a fault, not a good word', async (_, code) => {
  const hashing = new HashingThread(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const verifying = verified(await stored(good), good, { hashing, pageSize: 4 });
  await expect(verifying).rejects.toMatchObject({ code: 'internal-error' });
});

test('a thread that was lost says so to whoever asks later', async () => {
  const hashing = new HashingThread(new URL('data:text/javascript,process.exit(3)'));
  const page = () => ({ bytes: new Uint8Array(1), ends: [1], hashes: ['ab'] });
  await expect(hashing.check(page())).rejects.toMatchObject({ code: 'internal-error' });
  await expect(hashing.check(page())).rejects.toMatchObject({ code: 'internal-error' });
  await expect(hashing.agree()).rejects.toMatchObject({ code: 'internal-error' });
});

/** Longer than what is hashed in place. */
function longLog(spoiledAt?: number): Log {
  const entries: SealedEntry[] = [];
  const by = { id: 'service:a', org: 'acme', roles: ['agent'], via: 'host-assertion' };
  for (let index = 0; index < 10_500; index += 1) {
    const draft = { at: 1, type: 'command-rejected', command: `c-${index}`, by, data: {} };
    const previous = entries.at(-1)?.leaf ?? null;
    entries.push(sealEntry(draft, { log: 'main', index, previous }));
  }
  const leaves = entries.map(({ leaf }) => leaf);
  const { size, hashes } = appendLeaves(emptyFrontier, leaves);
  const root = rootHash({ size, hashes });
  const head = { size, previous: leaves.at(-1) ?? null, root, frontier: hashes, at: 1 };
  const log: Log = { entries, contents: [], head };
  if (spoiledAt === undefined) return log;
  return withEntry(log, spoiledAt, (body) => body.replace('"at":1', '"at":2'));
}

test('a long log is hashed in a thread, which is gone afterwards', async () => {
  const threads: Worker[] = [];
  const started = (thread: Worker): void => void threads.push(thread);
  process.on('worker', started);
  onTestFinished(() => void process.off('worker', started));
  expect((await verify(await stored(longLog()))).faults).toEqual([]);
  const spoiled = await verify(await stored(longLog(10_200)));
  expect(spoiled.faults).toMatchObject([{ index: 10_200, code: 'leaf-mismatch' }]);
  expect(spoiled.entries).toBe(10_200);
  // What a thread has once it ended.
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
});
