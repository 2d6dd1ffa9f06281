/** Keys that an issuer publishes: fetched once, kept for a while, rotated, withdrawn, and not there. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  AuthenticationError,
  type Authenticator,
  type PublishedKeys,
} from '../../src/identity/jwt.ts';
import { jwtLimits } from '../../src/identity/jwt-limits.ts';
import { KeyServer, signingKey, type SigningKey } from './issuer.ts';
import { authenticatorOf, nowSeconds, refusalOf, SetClock, token } from './tokens.ts';

const first = signingKey('k-1');
const second = signingKey('k-2');
let server: KeyServer;
let clock: SetClock;
let authenticator: Authenticator;

function remote(keys: Partial<PublishedKeys> = {}): Authenticator {
  const jwksUri = `http://127.0.0.1:${server.port}/keys`;
  return authenticatorOf({ jwksUri, ...keys }, { now: clock.now });
}

beforeEach(async () => {
  server = await KeyServer.start(first);
  clock = new SetClock();
  authenticator = remote();
});

afterEach(() => server.stop());

/** Valid for as long as any of these tests looks. */
const lasting = { exp: nowSeconds + 1_000_000 };
const outcomeOf = (key: SigningKey): Promise<string> =>
  refusalOf(authenticator.authenticate(token(key, lasting)));

test('nothing is fetched before the first token, and once for many at the same time', async () => {
  expect(server.paths).toEqual([]);
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(first)));
  expect(new Set(outcomes)).toEqual(new Set(['accepted user:ada']));
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  expect(server.paths).toEqual(['/keys']);
});

test('a malformed token, or one of a refused algorithm, fetches nothing', async () => {
  expect(await refusalOf(authenticator.authenticate('a.b.c'))).toBe('token-malformed');
  const none = token(first, {}, { alg: 'none' });
  expect(await refusalOf(authenticator.authenticate(none))).toBe('token-algorithm-refused');
  expect(server.paths).toEqual([]);
});

test('a new key is accepted after one fetch more, for many tokens at the same time', async () => {
  await outcomeOf(first);
  server.publish(first, second);
  clock.ms += jwtLimits.cooldownMs;
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(second)));
  expect(new Set(outcomes)).toEqual(new Set(['accepted user:ada']));
  expect(server.paths.length).toBe(2);
});

test('unknown keys cause no more than one fetch in each cooldown', async () => {
  await outcomeOf(first);
  clock.ms += jwtLimits.cooldownMs;
  const strangers = Array.from({ length: 5 }, (_, index) => signingKey(`stranger-${index}`));
  for (const stranger of strangers) expect(await outcomeOf(stranger)).toBe('token-key-unknown');
  expect(server.paths.length).toBe(2);
  clock.ms += jwtLimits.cooldownMs - 1;
  expect(await outcomeOf(second)).toBe('token-key-unknown');
  expect(server.paths.length).toBe(2);
  clock.ms += 1;
  expect(await outcomeOf(second)).toBe('token-key-unknown');
  expect(server.paths.length).toBe(3);
});

test('a withdrawn key is refused after the next fetch', async () => {
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  server.publish(second);
  clock.ms += jwtLimits.keysMaxAgeMs - 1;
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  clock.ms += 1;
  expect(await outcomeOf(first)).toBe('token-key-unknown');
  expect(await outcomeOf(second)).toBe('accepted user:ada');
});

test('a withdrawn key is refused at once after a fetch for another key', async () => {
  await outcomeOf(first);
  server.publish(second);
  clock.ms += jwtLimits.cooldownMs;
  expect(await outcomeOf(second)).toBe('accepted user:ada');
  expect(await outcomeOf(first)).toBe('token-key-unknown');
});

test('a key that took over the name of another is the only one of that name', async () => {
  await outcomeOf(first);
  const successor = signingKey('k-1');
  server.publish(successor);
  expect(await outcomeOf(successor)).toBe('token-signature-invalid');
  clock.ms += jwtLimits.keysMaxAgeMs;
  expect(await outcomeOf(successor)).toBe('accepted user:ada');
  expect(await outcomeOf(first)).toBe('token-signature-invalid');
});

test('without its issuer nothing is accepted, and with it everything again', async () => {
  const { port } = server;
  await server.stop();
  expect(await outcomeOf(first)).toBe('keys-unavailable');
  await server.listen(port);
  expect(await outcomeOf(first)).toBe('keys-unavailable');
  clock.ms += jwtLimits.retryMs;
  expect(await outcomeOf(first)).toBe('accepted user:ada');
});

test('keys that are known serve on while the issuer is away, until they are too old', async () => {
  await outcomeOf(first);
  const { port } = server;
  await server.stop();
  clock.ms += jwtLimits.cooldownMs;
  expect(await outcomeOf(second)).toBe('keys-unavailable');
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  clock.ms += jwtLimits.keysMaxAgeMs;
  expect(await outcomeOf(first)).toBe('keys-unavailable');
  await server.listen(port);
  clock.ms += jwtLimits.retryMs;
  expect(await outcomeOf(first)).toBe('accepted user:ada');
});

test('keys that are too old are fetched again, however long the fetch before took', async () => {
  const maxAgeMs = 10_000;
  server.answer = (_, response) => {
    clock.ms += 2_000;
    response.end(JSON.stringify({ keys: server.keys }));
  };
  authenticator = remote({ maxAgeMs });
  const asked = clock.ms;
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  clock.ms = asked + maxAgeMs;
  expect(await outcomeOf(first)).toBe('accepted user:ada');
  expect(server.paths.length).toBe(2);
});

test('a clock that goes back does not make keys last longer', async () => {
  await outcomeOf(first);
  server.publish(second);
  clock.ms -= 1;
  expect(await outcomeOf(first)).toBe('token-key-unknown');
});

test('a redirect is not followed, not even to the same place', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    server.answer = (request, response) => {
      if (request.url === '/other') {
        response.end(JSON.stringify({ keys: server.keys }));
        return;
      }
      response.writeHead(status, { location: '/other' }).end();
    };
    authenticator = remote();
    expect(await outcomeOf(first)).toBe('keys-unavailable');
  }
  expect(new Set(server.paths)).toEqual(new Set(['/keys']));
});

test('an endless key set is cut soon', async () => {
  let sent = 0;
  let ended = false;
  server.answer = (_, response) => {
    const { socket } = response;
    const more = (): void => {
      while (response.write('['.repeat(16_384)));
    };
    response.on('drain', more).on('close', () => {
      sent = socket?.bytesWritten ?? Infinity;
      ended = true;
    });
    more();
  };
  authenticator = remote({ timeoutMs: jwtLimits.fetchTimeoutMsMax });
  expect(await outcomeOf(first)).toBe('keys-unavailable');
  await expect.poll(() => ended).toBe(true);
  // Beyond what was read there is what the sockets of both sides had taken already.
  expect(sent).toBeLessThan(20_000_000);
});

test('a key set may be as long as the limit, and not one byte longer', async () => {
  const set = JSON.stringify({ keys: server.keys });
  for (const [length, outcome] of [
    [jwtLimits.keySetBytesMax + 1, 'keys-unavailable'],
    [jwtLimits.keySetBytesMax, 'accepted user:ada'],
  ] as const) {
    server.answer = (_, response) => void response.end(set.padEnd(length));
    authenticator = remote();
    expect(await outcomeOf(first)).toBe(outcome);
  }
});

const key = JSON.stringify(first.jwk);
const half = JSON.stringify({ ...first.jwk, x: 'AAAA' });
test.each([
  ['an error', 500, `{"keys":[${key}]}`],
  ['another status that is well', 203, `{"keys":[${key}]}`],
  ['nothing', 204, ''],
  ['a page', 200, '<html></html>'],
  ['no list', 200, `{"keys":${key}}`],
  ['a bare list', 200, `[${key}]`],
  ['members twice', 200, `{"keys":[],"keys":[${key}]}`],
  ['something else than a key', 200, `{"keys":[${key},null]}`],
  ['a private key', 200, `{"keys":[${key},${JSON.stringify({ ...second.jwk, d: 'AAAA' })}]}`],
  ['a prime of a key', 200, `{"keys":[${key},${JSON.stringify({ ...second.jwk, q: 'AAAA' })}]}`],
  ['a symmetric key', 200, `{"keys":[${key},{"kty":"oct","k":"AAAA","kid":"s"}]}`],
  ['too many keys', 200, `{"keys":[${Array(101).fill(key).join(',')}]}`],
  ['a key that is none', 200, `{"keys":[${half}]}`],
])('a key set that is %s is refused', async (_, status, text) => {
  server.answer = (_request, response) => {
    response.writeHead(status).end(text === '' ? undefined : text);
  };
  expect(await outcomeOf(first)).toBe('keys-unavailable');
});

test('an issuer that does not answer in time is away', async () => {
  server.answer = () => undefined;
  authenticator = remote({ timeoutMs: 20 });
  const error: unknown = await authenticator
    .authenticate(token(first))
    .catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'keys-unavailable', retryable: true });
  expect(AuthenticationError.is(error)).toBe(true);
  // Asked no second time; where the machine is slow, not even the first question arrived.
  expect(server.paths.length).toBeLessThanOrEqual(1);
});

test('an issuer that stops in the middle of its answer is away', async () => {
  server.answer = (_, response) => void response.write('{"keys":[');
  authenticator = remote({ timeoutMs: 20 });
  expect(await outcomeOf(first)).toBe('keys-unavailable');
});

test('a key that is too short is not used', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256' };
  const algorithm = 'RS256';
  const short = {
    kid: 'short',
    algorithm,
    secret: pair.privateKey,
    public: pair.publicKey,
    jwk,
  } as const;
  const weak = authenticatorOf({ jwks: { keys: [jwk] } }, { algorithms: ['RS256'] });
  expect(await refusalOf(weak.authenticate(token(short)))).toBe('keys-unavailable');
});
