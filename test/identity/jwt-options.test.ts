/** Options of the JWT authenticator: what would weaken it is refused where it is built. */
import { expect, test } from 'vitest';
import { jwtAuthenticator, type JwtOptions } from '../../src/identity/jwt.ts';
import { jwtLimits } from '../../src/identity/jwt-limits.ts';
import { signingKey } from './issuer.ts';
import { audience, issuer, refusalOf, stated, token } from './tokens.ts';

const key = signingKey('k-1');
const good: JwtOptions = {
  name: 'okta',
  issuer,
  audience,
  algorithms: ['ES256'],
  keys: stated(key),
  claims: { kind: 'user', org: 'acme', roles: { claim: 'groups', map: { everyone: 'agent' } } },
};

function build(options: Readonly<Record<string, unknown>>): () => unknown {
  return () => jwtAuthenticator({ ...good, ...options });
}

test('options that are complete are accepted, and the clock is that of the machine', async () => {
  const authenticator = jwtAuthenticator(good);
  expect(authenticator.name).toBe('jwt:okta');
  const seconds = Math.floor(Date.now() / 1_000);
  const times = (exp: number) => ({ iat: seconds - 7_200, nbf: seconds - 7_200, exp });
  const fresh = token(key, times(seconds + 3_600));
  const old = token(key, times(seconds - 3_600));
  expect(await refusalOf(authenticator.authenticate(fresh))).toBe('accepted user:ada');
  expect(await refusalOf(authenticator.authenticate(old))).toBe('token-expired');
});

test.each([
  { name: undefined },
  { name: '' },
  { name: 'a b' },
  { name: 'x'.repeat(125) },
  { issuer: undefined },
  { issuer: '' },
  { issuer: [issuer] },
  { issuer: /issuer/ },
  { audience: undefined },
  { audience: '' },
  { audience: [] },
  { audience: ['a', ''] },
  { audience: ['a', undefined] },
  { algorithms: undefined },
  { algorithms: [] },
  { algorithms: 'HS256' },
  { claims: undefined },
  { typ: '' },
  { typ: 1 },
  { now: 1 },
  { now: null },
  { maxTokenAgeMs: 0 },
  { maxTokenAgeMs: Number.NaN },
  { maxTokenAgeMs: Infinity },
  { clockToleranceMs: -1 },
  { clockToleranceMs: null },
  { keys: { jwksUri: 'https://issuer.example/keys', maxAgeMs: null } },
  { claims: { ...good.claims, subject: null } },
  { clockToleranceMs: 0.5 },
  { clockToleranceMs: '5s' },
  { clockToleranceMs: Number.NaN },
  { clockToleranceMs: jwtLimits.clockToleranceMsMax + 1 },
  { audiences: 'a' },
  { maxTokenAge: 1 },
])('the options with %j are refused', (options) => {
  expect(build(options)).toThrow(TypeError);
});

test.each([
  'https://issuer.example/keys',
  'http://127.0.0.1:1/keys',
  'http://127.1.2.3/keys',
  'http://localhost:8080/keys',
  'http://[::1]/keys',
])('keys may be at %s', (jwksUri) => {
  expect(build({ keys: { jwksUri } })).not.toThrow();
});

test.each([
  'http://issuer.example/keys',
  'http://127.evil.example/keys',
  'http://localhost.evil.example/keys',
  'http://128.0.0.1/keys',
  'http://[::2]/keys',
  'http://0.0.0.0/keys',
  'https://name:secret@issuer.example/keys',
  'file:///etc/keys',
  'data:application/json,{"keys":[]}',
  'ftp://issuer.example/keys',
  '/keys',
  '',
  undefined,
  1,
])('keys may not be at %s', (jwksUri) => {
  expect(build({ keys: { jwksUri } })).toThrow(TypeError);
});

const jwksUri = 'https://issuer.example/keys';
test.each([
  { keys: undefined },
  { keys: null },
  { keys: [] },
  { keys: {} },
  { keys: { jwksUri, jwks: { keys: [] } } },
  { keys: { jwksUri, maxAge: 1 } },
  { keys: { jwksUri, maxAgeMs: 999 } },
  { keys: { jwksUri, maxAgeMs: jwtLimits.keysMaxAgeMsMax + 1 } },
  { keys: { jwksUri, cooldownMs: 999 } },
  { keys: { jwksUri, cooldownMs: 60_001, maxAgeMs: 60_000 } },
  { keys: { jwksUri, timeoutMs: 0 } },
  { keys: { jwksUri, timeoutMs: Infinity } },
  { keys: { jwksUri, timeoutMs: 2_001, maxAgeMs: 2_000 } },
  { keys: { jwks: undefined } },
  { keys: { jwks: {} } },
  { keys: { jwks: { keys: {} } } },
  { keys: { jwks: { keys: [null] } } },
  { keys: { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } } },
  { keys: { jwks: { keys: [key.secret.export({ format: 'jwk' })] } } },
])('the keys of %j are refused', (options) => {
  expect(build(options)).toThrow(TypeError);
});

test.each([{}, { keys: 'AAAA' }, { keys: [key.jwk, null] }, { keys: [5, key.jwk] }])(
  'what is no list of keys is called so: %j',
  (jwks) => {
    expect(build({ keys: { jwks } })).toThrow('not an object with a list `keys`');
  },
);

test('what is changed after the authenticator was built changes nothing', async () => {
  const algorithms: JwtOptions['algorithms'][number][] = ['ES256'];
  const keys = { jwks: { keys: [{ ...key.jwk }] } };
  const map: Record<string, string> = { everyone: 'agent' };
  const claims = { ...good.claims, roles: { claim: 'groups', map } };
  const now = () => 1_800_000_000_000;
  const authenticator = jwtAuthenticator({ ...good, algorithms, keys, claims, now });
  const other = signingKey('k-1', 'RS256');
  algorithms.push('RS256');
  keys.jwks.keys.push(other.jwk);
  map['everyone'] = 'admin';
  expect((await authenticator.authenticate(token(key))).roles).toEqual(['agent']);
  expect(await refusalOf(authenticator.authenticate(token(other)))).toBe('token-algorithm-refused');
});
