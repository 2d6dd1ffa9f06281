/**
 * A process that permissions bind: started by root, it becomes nobody. Tries to govern a file, and
 * to verify it; prints both outcomes as one JSON line. Arguments: path.
 *
 * The store runs in this thread, because nobody may not be able to read the code of another one.
 */
import { openControlPlane, verify } from '../../src/engine/index.ts';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { codeOf } from '../engine/shop.ts';

const [path = ''] = process.argv.slice(2);
const nobody = 65_534;
if (process.getuid?.() === 0) {
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}

function inThisThread(mode: 'read-write' | 'read-only'): Storage {
  const database = new SqliteDatabase(path, { mode });
  return {
    name: database.name,
    durable: true,
    open: async (log) => database.open(log),
    append: async (batch) => database.append(batch),
    head: async () => database.head(),
    readEntries: async (from, limit) => database.readEntries(from, limit),
    readContents: async (from, to) => database.readContents(from, to),
    readRecords: async (keys) => database.readRecords(keys),
    scanRecords: async (query) => database.scanRecords(query),
    close: async () => database.close(),
  };
}

const govern = await codeOf(openControlPlane({ storage: inThisThread('read-write') }));
const { holds } = await verify(inThisThread('read-only'));
process.stdout.write(`${JSON.stringify({ govern, holds })}\n`);
