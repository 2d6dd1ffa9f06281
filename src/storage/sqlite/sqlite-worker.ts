/**
 * The store's thread: answers one request after the other, in the order they came, so that a
 * commit's fsync blocks this thread and not the host's event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { replyTo, transferOf } from './reply.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import type { Request, WorkerStart } from './worker-protocol.ts';

if (parentPort === null) throw new Error('sqlite-worker runs in a worker thread only');

const port = parentPort;
const { path, options } = workerData as WorkerStart;
const database = new SqliteDatabase(path, options);

port.on('message', (request: Request) => {
  const reply = replyTo(database, request);
  port.postMessage(reply, transferOf(reply));
});
