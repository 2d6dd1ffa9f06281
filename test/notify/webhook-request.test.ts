/** What one request of a webhook is made of, and what it leaves behind: nothing. */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type Notification,
  verifyWebhook,
  webhook,
  type WebhookOptions,
} from '../../src/notify/index.ts';
import { receiver } from './receiver.ts';

const secret = 'a secret that is long enough to be one';
const now = Date.UTC(2026, 0, 1);
const notification: Notification = {
  id: 'msg_1',
  type: 'ticket-denied',
  at: now,
  index: 7,
  org: 'acme',
  data: { ticket: 't-1' },
  body: '{"ticket":"t-1"}',
  attempt: 1,
  attemptedAt: now,
};

function delivered(
  options: Partial<WebhookOptions> & { readonly url: string },
  more: Partial<Notification> = {},
): Promise<void> {
  const hook = webhook({ name: 'hook', secret, allowPrivateAddresses: true, ...options });
  return hook.deliver({ ...notification, ...more }, new AbortController().signal);
}

/** Listens until its test is over. */
async function urlOf(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('headers and secrets are those of the time when the webhook was made', async () => {
  const { url, received } = await receiver();
  const headers = { authorization: 'Bearer of news' };
  const bytes = Buffer.from(secret);
  const options = { name: 'hook', url, headers, secret: bytes, allowPrivateAddresses: true };
  const hook = webhook(options);
  // Nobody checks what is written into them later.
  Object.assign(headers, { authorization: 'Bearer of lies', 'webhook-id': 'msg_2' });
  bytes.fill(0);
  await hook.deliver(notification, new AbortController().signal);
  const [request] = received;
  expect(request?.headers).toMatchObject({ authorization: 'Bearer of news' });
  expect(verifyWebhook(request?.headers ?? {}, notification.body, secret, { now }).id).toBe(
    'msg_1',
  );
});

test('the timestamp is a second that has begun, so that it is from nobody’s future', async () => {
  const { url, received } = await receiver();
  await delivered({ url }, { attemptedAt: now + 999 });
  const { sentAt } = verifyWebhook(received[0]?.headers ?? {}, notification.body, secret, { now });
  expect(sentAt).toBe(now);
});

test('no connection is kept for the next request', async () => {
  const { url, received } = await receiver();
  await delivered({ url });
  expect(received[0]?.headers['connection']).toBe('close');
});

test('of an answer without an end only the status is read, and its connection is let go', async () => {
  const gone = Promise.withResolvers<void>();
  const server = http.createServer((_, response) => {
    response.on('close', gone.resolve);
    response.writeHead(200);
    response.write('and so on');
  });
  await delivered({ url: await urlOf(server) });
  await expect(gone.promise).resolves.toBeUndefined();
}, 30_000);

test('a status below 200 is a failure, too', async () => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n'));
  });
  await expect(delivered({ url: await urlOf(server) })).rejects.toThrow('the receiver answered 99');
});

test('a certificate is checked, also where the environment has Node check none', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port, received } = await receiver({ secure: true });
  const url = `https://127.0.0.1:${port}/hook`;
  await expect(delivered({ url })).rejects.toThrow(/^the request failed: .*SELF_SIGNED/);
  expect(received).toEqual([]);
});

test.each(['Connection', 'keep-alive', 'TE', 'trailer', 'Upgrade', 'expect'])(
  'the header %s, which is the connection’s, is refused at once',
  (name) => {
    const headers = { [name]: 'close' };
    expect(() => webhook({ name: 'hook', secret, url: 'https://hooks.example/', headers })).toThrow(
      `the header \`${name}\` is set by the webhook`,
    );
  },
);
