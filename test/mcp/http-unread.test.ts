/** What is told to a client over HTTP that does not read. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { goneSignal, send } from '../../src/enforce/mcp/http/exchange.ts';

const server = createServer();
const mebibyte = new Uint8Array(1_048_576);
const unreadBytesMax = mebibyte.length;

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Answers one request with a stream; resolves once nothing of it is sent any more. */
async function answeredWith(stream: ReadableStream<Uint8Array>, unreadMs = 60_000) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const { promise: closed, resolve: over } = Promise.withResolvers<void>();
  server.once('request', (_, response) => {
    response.once('close', over);
    const terms = { more: {}, gone: goneSignal(response), unreadBytesMax, unreadMs };
    void send(response, new Response(stream), terms).then(resolve);
  });
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  return { client, sent, closed };
}

async function bytesRead(client: Socket): Promise<number> {
  let bytes = 0;
  client.on('data', (chunk: Uint8Array) => void (bytes += chunk.length));
  await once(client, 'close');
  return bytes;
}

test('a client that does not read what a stream says is let go of, and the stream is told', async () => {
  const { promise: told, resolve } = Promise.withResolvers<string>();
  const over = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      // It waits for nobody, as servers that log do.
      for (let said = 0; said < 256 && !over.signal.aborted; said += 1) {
        controller.enqueue(mebibyte);
        await setImmediate();
      }
      resolve('all of it was taken');
    },
    cancel() {
      over.abort();
      resolve('it was told');
    },
  });
  const { client, sent } = await answeredWith(stream);
  client.pause();
  expect(await told).toBe('it was told');
  await sent;
  client.destroy();
});

test('one message that is larger than what may wait reaches who reads it', async () => {
  const bytes = 16 * mebibyte.length;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
  const { client, sent } = await answeredWith(stream);
  expect(await bytesRead(client)).toBeGreaterThan(bytes);
  await sent;
});

test('an answer that has ended, and of which nothing is read, is not held for ever', async () => {
  const bytes = new Uint8Array(16 * mebibyte.length);
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const { client, sent, closed } = await answeredWith(stream, 50);
  client.pause();
  await sent;
  await closed;
  expect(client.bytesRead).toBeLessThan(bytes.length);
  client.destroy();
});

test.each(['one after the other', 'at once'])(
  'of two requests on one connection, sent %s, a quiet stream of the second stays open',
  async (how) => {
    const unreadMs = 50;
    let tell = (): void => {};
    const begun = (isLast: boolean) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(Buffer.from(isLast ? 'begun' : 'whole'));
          if (!isLast) controller.close();
          else tell = () => controller.enqueue(Buffer.from('told late'));
        },
      });
    let answers = 0;
    server.on('request', (_, response) => {
      answers += 1;
      const terms = { more: {}, gone: goneSignal(response), unreadBytesMax, unreadMs };
      void send(response, new Response(begun(answers === 2)), terms);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let heard = '';
    client.on('data', (chunk: Uint8Array) => void (heard += String(chunk)));
    const request = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
    client.write(how === 'at once' ? request + request : request);
    await expect.poll(() => heard).toContain('whole');
    if (how !== 'at once') client.write(request);
    await expect.poll(() => heard).toContain('begun');
    // Timers run in the order of their times: what was to end the connection would have ended it.
    await sleep(4 * unreadMs);
    tell();
    await expect.poll(() => heard).toContain('told late');
    client.destroy();
    server.removeAllListeners('request');
  },
);
