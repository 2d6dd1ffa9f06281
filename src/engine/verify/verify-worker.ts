/** The thread in which `verify` hashes: does one thing after the other, in the order in which it is asked. */
import { parentPort } from 'node:worker_threads';
import { Hasher } from './hasher.ts';
import type { HashRequest } from './hashing.ts';

if (parentPort === null) throw new Error('verify-worker runs in a worker thread only');

const port = parentPort;
const hasher = new Hasher();

port.on('message', (request: HashRequest) => port.postMessage(answerTo(request)));

function answerTo(request: HashRequest): unknown {
  if ('page' in request) return hasher.check(request.page);
  return 'added' in request ? hasher.add(request.added) : hasher.agree();
}
