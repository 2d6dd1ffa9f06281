/** Webhooks against real servers: what is sent, and where nothing is ever sent to. */
import { expect, test } from 'vitest';
import {
  type Notification,
  verifyWebhook,
  webhook,
  type WebhookOptions,
} from '../../src/notify/index.ts';
import { certificate } from './certificate.ts';
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
  body: '{"ticket":"t-1 – ünïcode"}',
  attempt: 1,
  attemptedAt: now,
};

function hook(options: Partial<WebhookOptions> & { readonly url: string }) {
  return webhook({ name: 'hook', secret, allowPrivateAddresses: true, ...options });
}

/** What `deliver` rejects with; `delivered` where it does not. */
async function outcomeOf(
  options: Partial<WebhookOptions> & { readonly url: string },
  attempt = 1,
): Promise<string> {
  try {
    await hook(options).deliver({ ...notification, attempt }, new AbortController().signal);
    return 'delivered';
  } catch (failure) {
    return (failure as Error).message;
  }
}

/** Addresses for documentation are refused too, so this one is somebody’s. Nothing is sent to it. */
const publicAddress = '93.184.216.34';

test('a webhook posts the body, signed so that a receiver can verify it', async () => {
  const { url, received } = await receiver();
  const headers = { authorization: 'Bearer of news' };
  expect(await outcomeOf({ url, headers })).toBe('delivered');
  const [request] = received;
  expect(request?.body).toBe(notification.body);
  expect(request?.path).toBe('/hook?of=test');
  expect(request?.headers).toMatchObject({ ...headers, 'content-type': 'application/json' });
  const verified = verifyWebhook(request?.headers ?? {}, request?.body ?? '', secret, { now });
  expect(verified).toEqual({ id: 'msg_1', sentAt: now });
});

test('with two secrets it carries two signatures, and each verifies', async () => {
  const { url, received } = await receiver();
  const secrets = [secret, 'the next secret, as long as the one before'];
  await outcomeOf({ url, secret: secrets });
  for (const one of secrets) {
    expect(verifyWebhook(received[0]?.headers ?? {}, notification.body, one, { now }).id).toBe(
      'msg_1',
    );
  }
});

test.each([301, 302, 303, 307, 308])(
  'a redirect (%d) is a failure and is not followed',
  async (status) => {
    const elsewhere = await receiver();
    const { url, received, replies } = await receiver({ location: elsewhere.url });
    replies.push(status);
    expect(await outcomeOf({ url })).toBe(`the receiver answered ${status}`);
    expect([received.length, elsewhere.received.length]).toEqual([1, 0]);
  },
);

test.each([400, 401, 404, 410, 429, 500, 503])('an answer of %d is a failure', async (status) => {
  const { url, replies } = await receiver();
  replies.push(status);
  expect(await outcomeOf({ url })).toBe(`the receiver answered ${status}`);
});

test('nobody who listens is a failure', async () => {
  const url = 'http://127.0.0.1:1/hook';
  expect(await outcomeOf({ url })).toMatch(/^the request failed: /);
});

const refusedAddresses = [
  '127.0.0.1',
  '10.1.2.3',
  '169.254.169.254',
  '::ffff:127.0.0.1',
  '::1',
  '0.0.0.0',
  '64:ff9b::7f00:1',
];

test.each(refusedAddresses)('a name that resolves to %s is refused', async (address) => {
  const url = 'https://hooks.example/hook';
  const resolve = () => Promise.resolve([address]);
  const outcome = await outcomeOf({ url, resolve, allowPrivateAddresses: false });
  expect(outcome).toMatch(/^the receiver’s address is refused: /);
});

test('one refused address among public ones refuses the name', async () => {
  const url = 'https://hooks.example/hook';
  for (const addresses of [
    [publicAddress, '127.0.0.1'],
    ['127.0.0.1', publicAddress],
  ]) {
    const resolve = () => Promise.resolve(addresses);
    const outcome = await outcomeOf({ url, resolve, allowPrivateAddresses: false });
    expect(outcome).toMatch(/^the receiver’s address is refused: /);
  }
});

test('the system’s resolver is asked, and a name of this machine is refused', async () => {
  const outcome = await outcomeOf({ url: 'https://localhost/hook', allowPrivateAddresses: false });
  expect(outcome).toMatch(/^the receiver’s address is refused: its range is loopback$/);
});

test('nothing is sent in the clear to a public address, whatever else the name resolves to', async () => {
  const { url, received } = await receiver();
  const resolve = () => Promise.resolve(['127.0.0.1', publicAddress]);
  const named = url.replace('127.0.0.1', 'hooks.example');
  expect(await outcomeOf({ url: named, resolve })).toBe(
    'the receiver’s address is refused: it is public, and reached by `https:` only',
  );
  expect(received).toEqual([]);
  expect(() => hook({ url: `http://${publicAddress}/` })).toThrow(TypeError);
});

test('metadata stays refused where private addresses are allowed', async () => {
  const resolve = () => Promise.resolve(['169.254.169.254']);
  const outcome = await outcomeOf({ url: 'http://metadata.example/', resolve });
  expect(outcome).toBe('the receiver’s address is refused: its range is linkLocal');
});

test('a name that changes its mind after the check cannot reach another address', async () => {
  const checked = await receiver();
  const other = await receiver({ host: '127.0.0.2', port: checked.port });
  let asked = 0;
  const resolve = () => {
    asked += 1;
    return Promise.resolve([asked === 1 ? '127.0.0.1' : '127.0.0.2']);
  };
  const url = `http://rebound.example:${checked.port}/hook`;
  expect(await outcomeOf({ url, resolve })).toBe('delivered');
  expect(asked).toBe(1);
  expect(checked.received[0]?.headers['host']).toBe(`rebound.example:${checked.port}`);
  expect([checked.received.length, other.received.length]).toEqual([1, 0]);
});

test('a name that was public at one attempt and is private at the next is refused then', async () => {
  const inside = await receiver({ secure: true });
  const attempt = new AbortController();
  const answers = [[publicAddress], ['127.0.0.1']];
  const resolve = () => {
    // The attempt ends before it connects: this test sends nothing to an address of somebody else.
    attempt.abort(new Error('the public address passed the check'));
    return Promise.resolve(answers.shift() ?? []);
  };
  const url = `https://rebound.example:${inside.port}/hook`;
  const options = { url, resolve, allowPrivateAddresses: false, ca: certificate };
  const first = hook(options).deliver(notification, attempt.signal);
  await expect(first).rejects.toThrow('the public address passed the check');
  expect(await outcomeOf(options, 2)).toMatch(/^the receiver’s address is refused: /);
  expect(inside.received).toEqual([]);
});

test('TLS is for the name, though the connection is to the address', async () => {
  const { port, received } = await receiver({ secure: true });
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const options = { resolve, ca: certificate };
  const url = `https://hooks.example:${port}/hook`;
  expect(await outcomeOf({ ...options, url })).toBe('delivered');
  expect(received[0]?.servername).toBe('hooks.example');
  const others = [`https://other.example:${port}/hook`, `https://127.0.0.1:${port}/hook`];
  for (const other of others) {
    expect(await outcomeOf({ ...options, url: other })).toBe(
      'the request failed: ERR_TLS_CERT_ALTNAME_INVALID',
    );
  }
  expect(await outcomeOf({ url, resolve })).toMatch(/^the request failed: .*SELF_SIGNED/);
  expect(received).toHaveLength(1);
});

test('each attempt tries another of the name’s addresses', async () => {
  const { port } = await receiver();
  const resolve = () => Promise.resolve(['127.0.0.1', '127.0.0.9']);
  const url = `http://two.example:${port}/hook`;
  expect(await outcomeOf({ url, resolve }, 1)).toBe('delivered');
  expect(await outcomeOf({ url, resolve }, 2)).toBe('the request failed: ECONNREFUSED');
  expect(await outcomeOf({ url, resolve }, 3)).toBe('delivered');
});

test('a name without an address, or that does not resolve, is a failure', async () => {
  const url = 'https://hooks.example/hook';
  expect(await outcomeOf({ url, resolve: () => Promise.resolve([]) })).toBe(
    'the receiver’s name has no address',
  );
  const lost = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  expect(await outcomeOf({ url, resolve: () => Promise.reject(lost) })).toBe(
    'the receiver’s name does not resolve: ENOTFOUND',
  );
});

test('an attempt ends when its signal fires, though the receiver never answers', async () => {
  const { url, replies, received } = await receiver();
  replies.push('hang');
  const attempt = new AbortController();
  const delivery = hook({ url }).deliver(notification, attempt.signal);
  await expect.poll(() => received.length, { interval: 5 }).toBe(1);
  attempt.abort();
  await expect(delivery).rejects.toThrow('the request failed: ABORT_ERR');
});

const refusedUrls = [
  'http://hooks.example/',
  'ftp://hooks.example/',
  'hooks.example',
  'https://user@hooks.example/',
  'https://:password@hooks.example/',
  'https://hooks.example/#part',
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://[::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://169.254.169.254/latest/meta-data',
];

test.each(refusedUrls)('the URL %s is refused at once', (url) => {
  expect(() => hook({ url, allowPrivateAddresses: false })).toThrow(TypeError);
});

test('headers that are the webhook’s own, or that would break the message, are refused', () => {
  const url = 'https://hooks.example/';
  const headers = [
    { 'Webhook-Signature': 'v1,' },
    { HOST: 'elsewhere' },
    { 'Content-Length': '0' },
    { 'transfer-encoding': 'chunked' },
    { 'x-split': 'a\r\nb: c' },
    { 'not a name': 'a' },
  ];
  for (const each of headers) expect(() => hook({ url, headers: { ...each } })).toThrow(TypeError);
});

test('an event that is not notified of is refused, and so is a short secret', () => {
  const url = 'https://hooks.example/';
  expect(() => hook({ url, events: ['permit-started' as 'ticket-denied'] })).toThrow(TypeError);
  expect(() => hook({ url, secret: 'short' })).toThrow(TypeError);
});

test('a webhook shows its secret to nobody', () => {
  const shown = hook({ url: 'https://hooks.example/' });
  expect(JSON.stringify(shown)).not.toContain(secret);
  expect(Object.values(shown).map(String).join()).not.toContain(secret);
});
