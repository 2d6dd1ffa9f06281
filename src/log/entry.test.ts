import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CanonicalJsonError, canonicalJson, defaultCanonicalLimits } from './canonical-json.ts';
import { ENTRY_FORMAT, EntryError, entryLimits, readEntry, sealEntry } from './entry.ts';
import type { EntryDraft, SealedEntry } from './entry.ts';
import { appendLeaf, emptyFrontier, leafHash, rootHash } from './merkle.ts';

interface Golden {
  readonly log: string;
  readonly entries: readonly (SealedEntry & { readonly draft: EntryDraft })[];
  readonly roots: readonly { readonly size: number; readonly root: string }[];
}

const file = new URL('../../test/vectors/entries.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

const hash = leafHash('before');
const draft: EntryDraft = {
  at: 1_700_000_000_000,
  type: 'session-opened',
  session: 'ses_a',
  sequence: 1,
  command: 'cmd_1',
  by: { id: 'user:alice' },
  data: { agent: 'billing' },
};
const position = { log: 'main', index: 1, previous: hash };

function refusalOf(action: () => unknown): EntryError {
  try {
    action();
  } catch (error) {
    if (error instanceof EntryError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('golden entries', () => {
  it('seal to the frozen bodies, leaves and roots', () => {
    let tree = emptyFrontier;
    let previous: string | null = null;
    for (const [index, { draft: given, body, leaf }] of golden.entries.entries()) {
      const sealed = sealEntry(given, { log: golden.log, index, previous });
      expect(sealed).toEqual({ index, body, leaf });
      tree = appendLeaf(tree, leaf);
      expect({ size: tree.size, root: rootHash(tree) }).toEqual(golden.roots[index]);
      previous = leaf;
    }
    expect(tree.size).toBe(3);
  });

  it('read back as what was sealed', () => {
    for (const { draft: given, body, index } of golden.entries) {
      expect(readEntry(body)).toMatchObject({ ...given, format: 1, log: 'main', index });
    }
  });
});

describe('sealEntry', () => {
  it('writes a canonical body and hashes exactly that', () => {
    const { body, leaf, index } = sealEntry(draft, position);
    expect(index).toBe(1);
    expect(canonicalJson(JSON.parse(body))).toBe(body);
    expect(leaf).toBe(leafHash(Buffer.from(body, 'utf8')));
    expect(readEntry(body)).toEqual({ ...draft, ...position, format: ENTRY_FORMAT });
  });

  it('leaves session and sequence out of an entry of no session', () => {
    const { session: _session, sequence: _sequence, ...rest } = draft;
    const { body } = sealEntry(rest, position);
    expect(Object.keys(readEntry(body))).not.toContain('session');
    expect(readEntry(body)).toEqual({ ...rest, ...position, format: 1 });
  });

  it.each([
    { name: 'a time before the epoch', change: { at: -1 }, member: 'at' },
    { name: 'a fraction of a millisecond', change: { at: 0.5 }, member: 'at' },
    { name: 'no time', change: { at: NaN }, member: 'at' },
    { name: 'no type', change: { type: '' }, member: 'type' },
    { name: 'an empty session', change: { session: '' }, member: 'session' },
    { name: 'sequence 0', change: { sequence: 0 }, member: 'sequence' },
    { name: 'half a sequence', change: { sequence: 1.5 }, member: 'sequence' },
    { name: 'a session alone', change: { sequence: undefined }, member: 'sequence' },
    { name: 'a sequence alone', change: { session: undefined }, member: 'session' },
    { name: 'no command', change: { command: '' }, member: 'command' },
    { name: 'a list for who', change: { by: [] }, member: 'by' },
    { name: 'nothing for who', change: { by: null }, member: 'by' },
    { name: 'a text for data', change: { data: 'x' }, member: 'data' },
  ])('refuses $name', ({ change, member }) => {
    const error = refusalOf(() => sealEntry({ ...draft, ...change } as EntryDraft, position));
    expect(error.code).toBe('malformed');
    expect(error.message).toContain(`\`${member}\``);
  });

  it.each([
    { name: 'no log', change: { log: '' }, member: 'log' },
    { name: 'a negative index', change: { index: -1 }, member: 'index' },
    { name: 'an index past 2^53', change: { index: 2 ** 53 }, member: 'index' },
    {
      name: 'no entry before, though there is one',
      change: { previous: null },
      member: 'previous',
    },
    { name: 'an entry before the first', change: { index: 0 }, member: 'previous' },
    { name: 'no hash', change: { previous: 'x' }, member: 'previous' },
  ])('refuses a position with $name', ({ change, member }) => {
    const error = refusalOf(() => sealEntry(draft, { ...position, ...change }));
    expect(error.message).toContain(`\`${member}\``);
  });

  it('refuses data without a canonical form, and says where', () => {
    const sealing = (): unknown => sealEntry({ ...draft, data: { a: [new Date(0)] } }, position);
    expect(sealing).toThrow(CanonicalJsonError);
    expect(sealing).toThrow('`$.data.a[0]`');
  });

  it('has room for any value within the default limits', () => {
    const { depthMax, bytesMax, membersMax } = defaultCanonicalLimits;
    let deep: Record<string, unknown> = {};
    for (let level = 1; level < depthMax; level += 1) deep = { a: deep };
    const rows: object[] = [
      deep,
      { a: 'x'.repeat(bytesMax - 8) },
      { a: Array.from({ length: membersMax - 1 }, () => 0) },
    ];
    for (const data of rows) {
      expect(() => canonicalJson(data)).not.toThrow();
      expect(() => sealEntry({ ...draft, data }, position)).not.toThrow();
    }
    expect(Object.isFrozen(entryLimits)).toBe(true);
  });
});

describe('readEntry', () => {
  const good = { ...draft, ...position, format: 1 };

  it('says when a newer version wrote the entry', () => {
    const error = refusalOf(() => readEntry(JSON.stringify({ ...good, format: 2, extra: true })));
    expect(error).toMatchObject({ name: 'EntryError', code: 'unknown-format' });
    expect(error.message).toBe('format `2` is not 1: a newer version wrote this entry');
  });

  it.each([
    { name: 'no JSON', body: '{' },
    { name: 'nothing', body: '' },
    { name: 'null', body: 'null' },
    { name: 'a list', body: '[]' },
    { name: 'format 0', body: JSON.stringify({ ...good, format: 0 }) },
    { name: 'format 1.5', body: JSON.stringify({ ...good, format: 1.5 }) },
    { name: 'format "2"', body: JSON.stringify({ ...good, format: '2' }) },
    { name: 'no format', body: JSON.stringify({ ...good, format: undefined }) },
    { name: 'an unknown member', body: JSON.stringify({ ...good, extra: 1 }) },
    { name: 'a null session', body: JSON.stringify({ ...good, session: null }) },
    { name: 'a missing command', body: JSON.stringify({ ...good, command: undefined }) },
    { name: 'a missing previous', body: JSON.stringify({ ...good, previous: undefined }) },
    { name: 'an upper-case hash', body: JSON.stringify({ ...good, previous: 'A'.repeat(64) }) },
    { name: 'a lone surrogate', body: JSON.stringify(good).replace('billing', '\ud800') },
  ])('refuses $name', ({ body }) => {
    expect(refusalOf(() => readEntry(body)).code).toBe('malformed');
  });
});
