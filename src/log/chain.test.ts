import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { ChainVerifier } from './chain.ts';
import type { ChainFault, ChainHead, ChainStart } from './chain.ts';
import { sealEntry } from './entry.ts';
import type { EntryDraft, SealedEntry } from './entry.ts';
import { appendLeaves, emptyFrontier, leafHash, rootHash } from './merkle.ts';

interface Log {
  readonly entries: readonly SealedEntry[];
  readonly head: ChainHead;
}

type Change = (draft: EntryDraft, index: number) => EntryDraft;

/** A log of two sessions and of entries of none, well-formed unless `change` spoils a draft. */
function makeLog(size: number, change: Change = (draft) => draft, log = 'main'): Log {
  const sequences = [0, 0, 0];
  const entries: SealedEntry[] = [];
  let previous: string | null = null;
  for (let index = 0; index < size; index += 1) {
    const lane = index % 3;
    const sequence = (sequences[lane] ?? 0) + 1;
    sequences[lane] = sequence;
    const session = lane === 0 ? {} : { session: `ses_${lane}`, sequence };
    const at = 1_000 + Math.floor(index / 2);
    const command = `cmd_${index}`;
    const data = { amount: index, note: 'ä'.repeat(index % 4) };
    const draft = { at, type: 'noted', ...session, command, by: { id: 'user:alice' }, data };
    const sealed: SealedEntry = sealEntry(change(draft, index), { log, index, previous });
    entries.push(sealed);
    previous = sealed.leaf;
  }
  return { entries, head: headOf(entries) };
}

function headOf(entries: readonly SealedEntry[]): ChainHead {
  const leaves = entries.map(({ leaf }) => leaf);
  const root = rootHash(appendLeaves(emptyFrontier, leaves));
  return { size: entries.length, root, previous: leaves.at(-1) ?? null };
}

function faultIn({ entries, head }: Log, start?: ChainStart): ChainFault | undefined {
  const verifier = new ChainVerifier(
    start === undefined ? { log: 'main' } : { log: 'main', start },
  );
  for (const stored of entries) {
    const result = verifier.push(stored);
    if (!result.ok) return result.fault;
  }
  return verifier.finish(head);
}

/** The entry with the hash that its body has: what a forger stores who can compute hashes. */
function resealed(
  stored: SealedEntry,
  change: (entry: Record<string, unknown>) => object,
): SealedEntry {
  const body = canonicalJson(change(JSON.parse(stored.body) as Record<string, unknown>));
  return { index: stored.index, body, leaf: leafHash(body) };
}

function entryAt(log: Log, index: number): SealedEntry {
  const entry = log.entries[index];
  if (entry === undefined) throw new Error(`the log has no entry ${index}`);
  return entry;
}

const size = 12;
const log = makeLog(size);
const anyIndex = fc.nat({ max: size - 1 });

describe('a sound log', () => {
  it('is accepted, at every size', () => {
    for (let count = 0; count <= 20; count += 1) expect(faultIn(makeLog(count))).toBeUndefined();
  });

  it('hands out each entry as it was sealed, so that nobody has to parse again', () => {
    const verifier = new ChainVerifier({ log: 'main' });
    for (const stored of log.entries) {
      expect(verifier.push(stored)).toEqual({
        ok: true,
        entry: JSON.parse(stored.body) as unknown,
      });
    }
  });

  it('is accepted in two parts, cut anywhere', () => {
    for (let cut = 0; cut <= size; cut += 1) {
      const first = new ChainVerifier({ log: 'main' });
      for (const stored of log.entries.slice(0, cut)) first.push(stored);
      const start = first.position;
      expect(faultIn({ entries: log.entries.slice(cut), head: log.head }, start)).toBeUndefined();
      const { sequences: _sequences, ...bare } = start;
      expect(faultIn({ entries: log.entries.slice(cut), head: log.head }, bare)).toBeUndefined();
    }
  });

  it('leaves a position alone that was taken earlier', () => {
    const verifier = new ChainVerifier({ log: 'main' });
    const start = verifier.position;
    for (const stored of log.entries) verifier.push(stored);
    expect(start).toEqual({ frontier: emptyFrontier, previous: null, at: 0, sequences: new Map() });
    expect(verifier.position.sequences).toEqual(
      new Map([
        ['ses_1', 4],
        ['ses_2', 4],
      ]),
    );
  });
});

describe('tampering', () => {
  it('one flipped bit in any body is found at its index', () => {
    fc.assert(
      fc.property(anyIndex, fc.nat(), fc.nat({ max: 7 }), (index, place, bit) => {
        const stored = entryAt(log, index);
        const bytes = Buffer.from(stored.body, 'utf8');
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const entries = log.entries.with(index, { ...stored, body: bytes.toString('utf8') });
        expect(faultIn({ entries, head: log.head })).toMatchObject({
          index,
          code: 'leaf-mismatch',
        });
      }),
    );
  });

  it('one flipped bit is found later at the latest where its leaf hash was made to fit', () => {
    fc.assert(
      fc.property(anyIndex, fc.nat(), fc.nat({ max: 6 }), (index, place, bit) => {
        const stored = entryAt(log, index);
        const at = place % stored.body.length;
        const code = stored.body.charCodeAt(at) ^ (1 << bit);
        const body =
          stored.body.slice(0, at) + String.fromCharCode(code) + stored.body.slice(at + 1);
        const entries = log.entries.with(index, { index, body, leaf: leafHash(body) });
        const fault = faultIn({ entries, head: log.head });
        expect(fault?.index).toBeGreaterThanOrEqual(index);
        expect(fault?.index).toBeLessThanOrEqual(index + 1);
      }),
    );
  });

  it('a changed leaf hash is found', () => {
    const entries = log.entries.with(4, { ...entryAt(log, 4), leaf: leafHash('other') });
    expect(faultIn({ entries, head: log.head })).toMatchObject({ index: 4, code: 'leaf-mismatch' });
  });

  it('a deleted, swapped, repeated or inserted entry is found', () => {
    fc.assert(
      fc.property(anyIndex, anyIndex, (one, other) => {
        fc.pre(one !== other);
        const rest = log.entries.toSpliced(one, 1);
        const swapped = log.entries.with(one, entryAt(log, other)).with(other, entryAt(log, one));
        const repeated = log.entries.toSpliced(one, 0, entryAt(log, one));
        const first = Math.min(one, other);
        const isLast = one === size - 1;
        expect(faultIn({ entries: rest, head: log.head })).toMatchObject(
          isLast ? { index: one, code: 'size-mismatch' } : { index: one, code: 'gap' },
        );
        expect(faultIn({ entries: swapped, head: log.head })).toMatchObject({
          index: first,
          code: 'gap',
        });
        expect(faultIn({ entries: repeated, head: log.head })).toMatchObject({
          index: one + 1,
          code: 'gap',
        });
      }),
    );
  });

  it('the same with the rows renumbered is found where bodies stop agreeing with their place', () => {
    fc.assert(
      fc.property(anyIndex, anyIndex, (one, other) => {
        fc.pre(one !== other);
        const renumber = (entries: readonly SealedEntry[]): SealedEntry[] =>
          entries.map((stored, index) => ({ ...stored, index }));
        const rest = renumber(log.entries.toSpliced(one, 1));
        const swapped = log.entries.with(one, entryAt(log, other)).with(other, entryAt(log, one));
        const code = one === size - 1 ? 'size-mismatch' : 'chain-broken';
        expect(faultIn({ entries: rest, head: log.head })).toMatchObject({ index: one, code });
        expect(faultIn({ entries: renumber(swapped), head: log.head })).toMatchObject({
          index: Math.min(one, other),
          code: 'chain-broken',
        });
      }),
    );
  });

  it('a log rewritten throughout is found by a head that was kept', () => {
    const forged = makeLog(size, (draft, index) => (index === 3 ? { ...draft, data: {} } : draft));
    expect(faultIn(forged)).toBeUndefined();
    const fault = faultIn({ entries: forged.entries, head: log.head });
    expect(fault).toMatchObject({ index: size, code: 'chain-broken' });
  });
});

describe('faults', () => {
  const stored = entryAt(log, 4);
  it.each([
    { name: 'another log', change: { log: 'other' }, code: 'chain-broken' },
    { name: 'another index', change: { index: 5 }, code: 'chain-broken' },
    { name: 'another entry before', change: { previous: leafHash('x') }, code: 'chain-broken' },
    { name: 'an earlier time', change: { at: 1_000 }, code: 'time-reversed' },
    { name: 'a sequence skipped', change: { sequence: 3 }, code: 'sequence-gap' },
    { name: 'a sequence repeated', change: { sequence: 1 }, code: 'sequence-gap' },
    { name: 'a session begun at 2', change: { session: 'ses_new' }, code: 'sequence-gap' },
    { name: 'a newer format', change: { format: 2 }, code: 'unknown-format' },
    { name: 'an older format', change: { format: 0 }, code: 'malformed' },
    { name: 'an unknown member', change: { extra: 1 }, code: 'malformed' },
  ])('$name is $code', ({ change, code }) => {
    const forged = resealed(stored, (entry) => ({ ...entry, ...change }));
    const entries = log.entries.with(4, forged);
    expect(faultIn({ entries, head: log.head })).toMatchObject({ index: 4, code });
  });

  it('the same time twice is no fault, and each session counts for itself', () => {
    expect(faultIn(makeLog(4, (draft) => ({ ...draft, at: 7 })))).toBeUndefined();
  });

  it('a body that is not JSON is malformed', () => {
    const entries = log.entries.with(4, { index: 4, body: '{', leaf: leafHash('{') });
    expect(faultIn({ entries, head: log.head })).toMatchObject({ index: 4, code: 'malformed' });
  });

  it.each([
    { name: 'a longer log', head: { ...log.head, size: size + 1 }, code: 'size-mismatch' },
    { name: 'a shorter log', head: { ...log.head, size: size - 1 }, code: 'size-mismatch' },
    { name: 'another end', head: { ...log.head, previous: null }, code: 'chain-broken' },
    { name: 'another root', head: { ...log.head, root: leafHash('x') }, code: 'root-mismatch' },
  ])('a head of $name is $code', ({ head, code }) => {
    expect(faultIn({ entries: log.entries, head })).toMatchObject({ index: size, code });
  });

  it('the first fault is final', () => {
    const verifier = new ChainVerifier({ log: 'main' });
    const first = verifier.push(entryAt(log, 1));
    expect(first).toMatchObject({ ok: false, fault: { index: 0, code: 'gap' } });
    expect(verifier.push(entryAt(log, 0))).toEqual(first);
    expect(verifier.finish(headOf([]))).toMatchObject({ index: 0, code: 'gap' });
  });

  it('messages name what was found and what belongs there', () => {
    const verifier = new ChainVerifier({ log: 'main' });
    const result = verifier.push(entryAt(log, 3));
    expect(result).toMatchObject({ fault: { message: 'entry 3 stands where 0 belongs' } });
  });
});

describe('a start inside the log', () => {
  const cut = 6;
  const first = new ChainVerifier({ log: 'main' });
  for (const stored of log.entries.slice(0, cut)) first.push(stored);
  const start = first.position;
  const rest = log.entries.slice(cut);

  it.each([
    { name: 'time', change: { at: 2_000 }, code: 'time-reversed' },
    { name: 'last entry', change: { previous: leafHash('x') }, code: 'chain-broken' },
    { name: 'sequences', change: { sequences: new Map([['ses_1', 1]]) }, code: 'sequence-gap' },
    { name: 'empty sequences', change: { sequences: new Map() }, code: 'sequence-gap' },
  ])('with another $name is $code', ({ change, code }) => {
    const fault = faultIn({ entries: rest, head: log.head }, { ...start, ...change });
    expect(fault?.code).toBe(code);
  });

  it('with another tree has another root', () => {
    const frontier = appendLeaves(
      emptyFrontier,
      rest.map(({ leaf }) => leaf),
    );
    const fault = faultIn({ entries: rest, head: log.head }, { ...start, frontier });
    expect(fault?.code).toBe('root-mismatch');
  });

  it('without sequences trusts the first of each session and checks the rest', () => {
    const { sequences: _sequences, ...bare } = start;
    const verifier = new ChainVerifier({ log: 'main', start: bare });
    for (const stored of rest.slice(0, 3)) expect(verifier.push(stored).ok).toBe(true);
    expect(verifier.position.sequences).toBeUndefined();
    const forged = resealed(entryAt(log, 10), (entry) => ({ ...entry, sequence: 9 }));
    verifier.push(entryAt(log, 9));
    expect(verifier.push(forged)).toMatchObject({ ok: false, fault: { code: 'sequence-gap' } });
  });

  it('that no tree has is refused at once', () => {
    const broken = { ...start, frontier: { size: cut, hashes: [] } };
    expect(() => new ChainVerifier({ log: 'main', start: broken })).toThrow(RangeError);
  });
});
