/** What a receiver may trust: only what was signed with a secret it knows, unaltered and recent. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type WebhookProblem, WebhookRefused, verifyWebhook } from '../../src/notify/index.ts';
import { keysOf, signatureHeader } from '../../src/notify/signature.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const other = 'another secret, long enough to be one';
const now = Date.UTC(2026, 0, 1);

function signed(body: string, { secrets = [secret] as readonly string[], at = now } = {}) {
  const timestamp = String(Math.floor(at / 1_000));
  const parts = { id: 'msg_1', timestamp, body: Buffer.from(body) };
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader(keysOf(secrets), parts),
  };
}

function problemOf(check: () => unknown): WebhookProblem | 'verified' {
  try {
    check();
    return 'verified';
  } catch (failure) {
    if (failure instanceof WebhookRefused) return failure.code;
    throw failure;
  }
}

test('what was signed verifies, whatever the body and however the headers are written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      const headers = signed(body);
      const upper = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]),
      );
      const verified = { id: 'msg_1', sentAt: now };
      expect(verifyWebhook(headers, body, secret, { now })).toEqual(verified);
      expect(verifyWebhook(new Headers(headers), body, secret, { now })).toEqual(verified);
      expect(verifyWebhook(upper, Buffer.from(body), secret, { now })).toEqual(verified);
    }),
  );
});

test('the signature is the one that the convention names', () => {
  // Computed apart, with `openssl dgst -sha256 -mac HMAC`, over `msg_1.1767225600.{}`.
  expect(signed('{}')['webhook-signature']).toBe('v1,sdI2g5IpobuenT6i9Oz+pwfR62yF8mC60w+PgA85Zwo=');
});

test('an altered body, id, timestamp or signature is refused', () => {
  const headers = signed('{"a":1}');
  const altered: readonly [object, string][] = [
    [{}, '{"a":2}'],
    [{}, '{"a":1} '],
    [{}, ''],
    [{ 'webhook-id': 'msg_2' }, '{"a":1}'],
    [{ 'webhook-timestamp': String(now / 1_000 + 1) }, '{"a":1}'],
    [{ 'webhook-signature': 'v1,' }, '{"a":1}'],
    [{ 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v2,') }, '{"a":1}'],
    [{ 'webhook-signature': headers['webhook-signature'].slice(0, 20) }, '{"a":1}'],
  ];
  for (const [change, body] of altered) {
    const check = () => verifyWebhook({ ...headers, ...change }, body, secret, { now });
    expect(problemOf(check)).toBe('not-signed');
  }
});

test('no single altered byte of a body passes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (body, place, change) => {
        const timestamp = String(now / 1_000);
        const signature = signatureHeader(keysOf(secret), { id: 'm', timestamp, body });
        const headers = {
          'webhook-id': 'm',
          'webhook-timestamp': timestamp,
          'webhook-signature': signature,
        };
        expect(problemOf(() => verifyWebhook(headers, body, secret, { now }))).toBe('verified');
        const altered = Uint8Array.from(body);
        altered[place % body.length] = (altered[place % body.length] ?? 0) ^ change;
        expect(problemOf(() => verifyWebhook(headers, altered, secret, { now }))).toBe(
          'not-signed',
        );
      },
    ),
  );
});

test('an id with a dot is refused: parts could be shifted against each other', () => {
  const parts = { id: 'msg.1', timestamp: '1767225600', body: Buffer.from('{}') };
  const headers = {
    'webhook-id': 'msg.1',
    'webhook-timestamp': '1767225600',
    'webhook-signature': signatureHeader(keysOf(secret), parts),
  };
  expect(problemOf(() => verifyWebhook(headers, '{}', secret, { now }))).toBe('header-invalid');
});

test('a webhook that is sent again outside of the tolerance is refused, early or late', () => {
  const headers = signed('{}');
  const at = (later: number, toleranceMs?: number) =>
    problemOf(() =>
      verifyWebhook(headers, '{}', secret, {
        now: now + later,
        ...(toleranceMs === undefined ? {} : { toleranceMs }),
      }),
    );
  expect([at(300_000), at(-300_000), at(1_000, 1_000)]).toEqual(Array(3).fill('verified'));
  expect([at(300_001), at(-300_001), at(1_001, 1_000)]).toEqual(Array(3).fill('too-old'));
});

test.each([Infinity, Number.NaN, -1, 86_400_001, '300000' as never, null as never])(
  'a tolerance of %s ms is refused: nothing would be too old, or everything',
  (toleranceMs) => {
    const check = () => verifyWebhook(signed('{}'), '{}', secret, { now, toleranceMs });
    expect(check).toThrow(TypeError);
  },
);

test('a tolerance that is misspelt is refused: it would be another one', () => {
  const options = { now, toleranceMS: 1_000 };
  const check = () => verifyWebhook(signed('{}'), '{}', secret, options);
  expect(check).toThrow('has no option `toleranceMS`');
});

test.each([Infinity, Number.NaN, undefined as never])(
  'a receiver whose time is %s learns it',
  (at) => {
    expect(() => verifyWebhook(signed('{}'), '{}', secret, { now: at })).toThrow(TypeError);
  },
);

test('while secrets change, either is taken; a secret that is not known is refused', () => {
  const both = signed('{}', { secrets: [secret, other] });
  const check = (headers: object, secrets: string | readonly string[]) =>
    problemOf(() => verifyWebhook({ ...headers }, '{}', secrets, { now }));
  expect(check(both, secret)).toBe('verified');
  expect(check(both, other)).toBe('verified');
  expect(check(signed('{}'), [other, secret])).toBe('verified');
  expect(check(signed('{}'), other)).toBe('not-signed');
});

test('a header that is missing, doubled or of another form is refused', () => {
  const headers = signed('{}');
  const check = (change: object) =>
    problemOf(() => verifyWebhook({ ...headers, ...change }, '{}', secret, { now }));
  for (const name of Object.keys(headers)) {
    expect(check({ [name]: undefined })).toBe('header-missing');
    expect(check({ [name]: ['1', '1'] })).toBe('header-invalid');
    expect(check({ [name.toUpperCase()]: '1' })).toBe('header-invalid');
    expect(check({ [name]: '' })).toBe('header-invalid');
  }
  for (const timestamp of ['-1', '1e9', ' 1767225600', '1767225600.0', 'NaN', '0x1']) {
    expect(check({ 'webhook-timestamp': timestamp })).toBe('header-invalid');
  }
  const signature = headers['webhook-signature'];
  const long = (length: number) => ({ 'webhook-signature': signature.padEnd(length, ' v1,A') });
  expect([check(long(4_096)), check(long(4_097))]).toEqual(['verified', 'header-invalid']);
  expect(check({ 'webhook-id': 'm'.repeat(128) })).toBe('not-signed');
  expect(check({ 'webhook-id': 'm'.repeat(129) })).toBe('header-invalid');
});

test('a secret that is short, empty, not base64 or one of too many is refused, and is not in the message', () => {
  for (const bad of [
    'short',
    [],
    '',
    `whsec_${'!'.repeat(40)}`,
    // Node would skip what is no base64, and take the rest for the secret.
    `${secret}!`,
    Array<string>(9).fill(secret),
    'whsec_c2hvcnQ=',
    new Uint8Array(23),
    // What says how long it is, and holds nothing, would be that many zeros.
    [{ length: 32 } as never],
  ]) {
    expect(() => keysOf(bad)).toThrow(TypeError);
  }
  expect(() => keysOf('hunter2')).toThrow(/^(?!.*hunter2)/);
  expect(() => verifyWebhook(signed('{}'), '{}', secret, { now: Number.NaN })).toThrow(TypeError);
});
