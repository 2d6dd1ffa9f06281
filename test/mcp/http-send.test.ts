/** An answer over HTTP is sent no faster than its client reads: what is not read yet stays with its source. */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { send } from '../../src/enforce/mcp/http/exchange.ts';

const chunks = 50;

/** A response whose client reads a chunk when the test says so. */
class SlowResponse extends Writable {
  readonly unread: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  writeHead(): void {}

  flushHeaders(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.unread.push(done);
  }
}

test('of an answer that nobody reads only the first is taken from its source, and in the end all', async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(Buffer.from('x'));
      if (pulled === chunks) controller.close();
    },
  });
  const response = new SlowResponse();
  const gone = new AbortController().signal;
  const sent = send(response as unknown as ServerResponse, new Response(body), { more: {}, gone });
  await expect.poll(() => response.unread.length, { interval: 1 }).toBe(1);
  for (let turns = 0; turns < chunks; turns += 1) await setImmediate();
  expect(pulled).toBeLessThan(5);
  let read = 0;
  while (read < chunks) {
    const done = response.unread.shift();
    if (done === undefined) await setImmediate();
    else {
      read += 1;
      done();
    }
  }
  await sent;
  expect(pulled).toBe(chunks);
});
