/** How much of the bodies of requests is kept while they are being read. */
import { expect, test } from 'vitest';
import { Bodies, TooManyBodies } from '../../src/enforce/mcp/http/bodies.ts';

const bounds = { bytesMax: 10, bodiesBytesMax: 15, bodiesBytesOfAllMax: 20 };

/** A body whose bytes come when the test says so. */
function body() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  return {
    bytes: readable as unknown as AsyncIterable<Uint8Array>,
    send: (count: number) => writer.write(new Uint8Array(count)),
    end: () => writer.close(),
    fail: (failure: Error) => writer.abort(failure),
  };
}

const whole = async function* (...counts: number[]) {
  for (const count of counts) yield new Uint8Array(count);
};

test('a body is read up to its size, and one that is larger, or says so, is not', async () => {
  const bodies = new Bodies(bounds);
  expect(await bodies.read('ada', whole(4, 6), 10)).toHaveLength(10);
  expect(await bodies.read('ada', whole(4, 7))).toBeUndefined();
  expect(await bodies.read('ada', whole(1), 11)).toBeUndefined();
});

test('of what one principal sends, so much is kept, and there is room for others', async () => {
  const bodies = new Bodies(bounds);
  const slow = body();
  const first = bodies.read('ada', slow.bytes);
  await slow.send(10);
  await expect(bodies.read('ada', whole(6))).rejects.toThrow(TooManyBodies);
  expect(await bodies.read('bob', whole(10))).toHaveLength(10);
  await slow.end();
  expect(await first).toHaveLength(10);
  expect(await bodies.read('ada', whole(10))).toHaveLength(10);
});

test('of what all send, so much is kept, until one ends, however it does', async () => {
  const bodies = new Bodies(bounds);
  const [one, two] = [body(), body()];
  const failure = new Error('it went away');
  const first = bodies.read('ada', one.bytes).catch((why: unknown) => why);
  const second = bodies.read('bob', two.bytes);
  await one.send(10);
  await two.send(10);
  await expect(bodies.read('eve', whole(1))).rejects.toThrow(TooManyBodies);
  await one.fail(failure);
  expect(await first).toBe(failure);
  expect(await bodies.read('eve', whole(10))).toHaveLength(10);
  await two.end();
  expect(await second).toHaveLength(10);
});

test('one body of the largest size has room where that is more than all together', async () => {
  const bodies = new Bodies({ ...bounds, bytesMax: 50 });
  expect(await bodies.read('ada', whole(50))).toHaveLength(50);
});
