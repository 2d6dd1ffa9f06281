/** Requests over HTTP that are answered before all of them has come: the rest of them is not waited for. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpStage } from './http-stage.ts';

let http: HttpStage | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

/** All that comes back for the beginning of a request, until the connection is ended. */
async function answerTo(
  on: HttpStage,
  headers: Readonly<Record<string, string>>,
  begun = '',
): Promise<string> {
  const { port, hostname } = on.endpoint.url;
  const client = connect(Number(port), hostname);
  const lines = Object.entries({ host: hostname, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  client.write(['POST /mcp HTTP/1.1', ...lines, '', begun].join('\r\n'));
  let said = '';
  client.on('data', (chunk: Uint8Array) => void (said += Buffer.from(chunk).toString()));
  await once(client, 'close');
  return said;
}

const statusOf = (said: string): string => said.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3);

test('a request that is refused, or says that it is too large, ends its connection at once', async () => {
  // Whoever waited for the rest, or for the next request, would wait for longer than a test may.
  http = await HttpStage.open({ limits: { unusedConnectionMs: 600_000 } });
  const authorization = `Bearer ${http.keys.ada}`;
  const refused = await answerTo(http, { 'content-length': '9' }, '{');
  expect(statusOf(refused)).toBe('401');
  const large = await answerTo(http, { authorization, 'content-length': '4194305' });
  expect(statusOf(large)).toBe('413');
  expect(refused).toMatch(/^connection: close\r$/im);
  expect(large).toMatch(/^connection: close\r$/im);
});

test('a body that turns out to be too large is not read to its end', async () => {
  http = await HttpStage.open({
    http: { requestBytesMax: 1_024 },
    limits: { unusedConnectionMs: 600_000 },
  });
  const headers = {
    authorization: `Bearer ${http.keys.ada}`,
    'transfer-encoding': 'chunked',
  };
  const said = await answerTo(http, headers, `401\r\n${' '.repeat(1_025)}\r\n`);
  expect(statusOf(said)).toBe('413');
});
