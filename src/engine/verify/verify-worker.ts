/** The thread in which `verify` hashes: answers one page after the other, in the order they came. */
import { parentPort } from 'node:worker_threads';
import { type HashPage, PageHasher } from '../../log/hash-page.ts';
import type { HashedPage } from './hashing.ts';

if (parentPort === null) throw new Error('verify-worker runs in a worker thread only');

const port = parentPort;
const hasher = new PageHasher();

port.on('message', (page: HashPage) => {
  const spare = page.bytes.buffer;
  const answer: HashedPage = { ...hasher.check(page), spare };
  port.postMessage(answer, [spare]);
});
