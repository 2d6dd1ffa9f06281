/**
 * The store's thread: answers one request after the other, in the order they came, so that a
 * commit's fsync blocks this thread and not the host's event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteDatabase } from './sqlite-database.ts';
import { failureOf } from './worker-protocol.ts';
import type { Calls, CallName, Reply, Request, WorkerStart } from './worker-protocol.ts';

if (parentPort === null) throw new Error('sqlite-worker runs in a worker thread only');

const port = parentPort;
const { path, options } = workerData as WorkerStart;
const database = new SqliteDatabase(path, options);

port.on('message', (request: Request) => port.postMessage(replyTo(request)));

function replyTo(request: Request): Reply {
  try {
    return { id: request.id, output: answer(request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
}

function answer(request: Request): Calls[CallName]['output'] {
  switch (request.call) {
    case 'open':
      return database.open(request.input);
    case 'append':
      return database.append(request.input);
    case 'head':
      return database.head();
    case 'readEntries':
      return database.readEntries(request.input.from, request.input.limit);
    case 'readContents':
      return database.readContents(request.input.from, request.input.to);
    case 'readRecords':
      return database.readRecords(request.input);
    case 'scanRecords':
      return database.scanRecords(request.input);
    case 'close':
      database.close();
      return null;
  }
}
