/**
 * The product's SQLite store on a disk whose every commit takes a given time longer.
 *
 * The bars were set where a commit takes 1.2 ms. On a faster disk the same code divides by less, so
 * the ratios are taken on both: as this disk is, and with a wait after each commit, on the thread
 * that committed, for the product and the bare baseline alike.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Storage } from '../src/index.ts';
import { replyTo } from '../src/storage/sqlite/reply.ts';
import { SqliteDatabase } from '../src/storage/sqlite/sqlite-database.ts';
import { SqliteStorage } from '../src/storage/sqlite/sqlite-storage.ts';
import type { Request, WorkerStart } from '../src/storage/sqlite/worker-protocol.ts';

/** Added to each commit, ms. */
export const slowerByMs = 1;

const never = new Int32Array(new SharedArrayBuffer(4));

/** What the slower disk adds to one commit. Blocks the thread, as an fsync does. */
export function waitForSlowerDisk(): void {
  Atomics.wait(never, 0, 0, slowerByMs);
}

export function slowerSqlite(path: string): Storage {
  return new SqliteStorage(path, {}, new URL(import.meta.url));
}

function serve({ path, options }: WorkerStart): void {
  const database = new SqliteDatabase(path, options);
  parentPort?.on('message', (request: Request) => {
    const reply = replyTo(database, request);
    if (request.call === 'append') waitForSlowerDisk();
    parentPort?.postMessage(reply);
  });
}

if (!isMainThread && 'path' in (workerData as object)) serve(workerData as WorkerStart);
