/** Tokens against keys that are stated: what is accepted, and the attacks A70 and A71. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { AuthenticationError, type JwtOptions } from '../../src/identity/jwt.ts';
import { readToken } from '../../src/identity/signed-token.ts';
import { jwtLimits } from '../../src/identity/jwt-limits.ts';
import { base64url, KeyServer, signed, signingKey, type Algorithm } from './issuer.ts';
import {
  authenticatorOf,
  goodClaims,
  issuer,
  nowSeconds,
  refusalOf,
  SetClock,
  stated,
  token,
} from './tokens.ts';

const key = signingKey('k-1');
const rsa = signingKey('k-rsa', 'RS256');
const plain = authenticatorOf(stated(key));
const refused = (credential: string): Promise<string> => refusalOf(plain.authenticate(credential));

test('a good token says who it is, for how long, and how that was established', async () => {
  const given = await plain.authenticate(token(key));
  expect(given).toEqual({
    id: 'user:ada',
    org: 'acme',
    roles: ['operator'],
    expiresAt: goodClaims.exp * 1_000,
  });
  expect(Object.isFrozen(given) && Object.isFrozen(given.roles)).toBe(true);
  expect(plain.name).toBe('jwt:test');
});

test.each<Algorithm>(['ES256', 'RS256', 'PS256', 'Ed25519'])(
  '%s is accepted',
  async (algorithm) => {
    const its = signingKey('k', algorithm);
    const authenticator = authenticatorOf(stated(its), { algorithms: [algorithm] });
    expect((await authenticator.authenticate(token(its))).id).toBe('user:ada');
  },
);

test('A70 a token without a signature is refused', async () => {
  const [header, claims] = signed(key, goodClaims, { alg: 'none' }).split('.');
  expect(await refused(`${header}.${claims}.`)).toBe('token-algorithm-refused');
  for (const alg of ['None', 'NONE', 'nOnE', '']) {
    expect(await refused(signed(key, goodClaims, { alg }))).toBe('token-algorithm-refused');
  }
  const [good, same] = token(key).split('.');
  expect(await refused(`${good}.${same}.`)).toBe('token-signature-invalid');
});

test('A70 a public key is not the secret of a symmetric algorithm', async () => {
  const authenticator = authenticatorOf(stated(rsa), { algorithms: ['RS256'] });
  const secrets = [
    rsa.public.export({ format: 'pem', type: 'spki' }),
    rsa.public.export({ format: 'der', type: 'spki' }),
    JSON.stringify(rsa.jwk),
    String(rsa.jwk['n']),
  ];
  for (const secret of secrets) {
    const [header, claims] = signed(rsa, goodClaims, { alg: 'HS256', kid: rsa.kid }).split('.');
    const mac = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url');
    const forged = `${header}.${claims}.${mac}`;
    expect(await refusalOf(authenticator.authenticate(forged))).toBe('token-algorithm-refused');
  }
});

test.each(['none', 'HS256', 'HS384', 'HS512', 'RSA-OAEP', 'rs256', '', undefined])(
  'A70 the algorithm %j cannot be allowed',
  (algorithm) => {
    const algorithms = [algorithm, 'RS256'] as JwtOptions['algorithms'];
    expect(() => authenticatorOf(stated(rsa), { algorithms })).toThrow(TypeError);
  },
);

test('an algorithm that the key could do and nobody allowed is refused', async () => {
  const pss = { ...rsa, algorithm: 'PS256' } as const;
  const { alg: _, ...jwk } = rsa.jwk;
  const open = authenticatorOf({ jwks: { keys: [jwk] } }, { algorithms: ['RS256'] });
  expect(await refusalOf(open.authenticate(token(pss)))).toBe('token-algorithm-refused');
  const both = authenticatorOf(stated(rsa), { algorithms: ['RS256', 'PS256'] });
  expect(await refusalOf(both.authenticate(token(pss)))).toBe('token-key-unknown');
});

test('A70 a token of another issuer is refused', async () => {
  for (const iss of ['https://evil.example', `${issuer}/`, issuer.toUpperCase(), '', [issuer]]) {
    expect(await refused(token(key, { iss }))).toBe('token-issuer-wrong');
  }
  expect(await refused(token(key, { iss: undefined }))).toBe('token-issuer-wrong');
});

test('A71 a token for another audience is refused', async () => {
  const other = authenticatorOf(stated(key), { audience: ['other-server', 'third'] });
  const forUs = token(key);
  const forThem = token(key, { aud: 'other-server' });
  expect(await refusalOf(other.authenticate(forUs))).toBe('token-audience-wrong');
  expect(await refused(forThem)).toBe('token-audience-wrong');
  expect(await refusalOf(other.authenticate(forThem))).toBe('accepted user:ada');
  expect(await refused(token(key, { aud: ['else', 'control-plane'] }))).toBe('accepted user:ada');
  for (const aud of [undefined, [], '', 'control-plane2', ['control-plane', 1], { 0: 'x' }]) {
    expect(await refused(token(key, { aud }))).toBe('token-audience-wrong');
  }
});

test('A70 a token is good until its last second and not at it', async () => {
  const clock = new SetClock();
  const exact = authenticatorOf(stated(key), { now: clock.now });
  const tolerant = authenticatorOf(stated(key), { now: clock.now, clockToleranceMs: 5_000 });
  const credential = token(key, { exp: nowSeconds + 10 });
  clock.ms = (nowSeconds + 10) * 1_000 - 1;
  expect(await refusalOf(exact.authenticate(credential))).toBe('accepted user:ada');
  clock.ms += 1;
  expect(await refusalOf(exact.authenticate(credential))).toBe('token-expired');
  clock.ms += 4_999;
  const { expiresAt } = await tolerant.authenticate(credential);
  clock.ms += 1;
  expect(await refusalOf(tolerant.authenticate(credential))).toBe('token-expired');
  expect(expiresAt).toBe(clock.ms);
});

test('A70 a token is not good before its time', async () => {
  for (const name of ['nbf', 'iat']) {
    expect(await refused(token(key, { [name]: nowSeconds + 1 }))).toBe('token-not-yet-valid');
    expect(await refused(token(key, { [name]: nowSeconds }))).toBe('accepted user:ada');
  }
  const tolerant = authenticatorOf(stated(key), { clockToleranceMs: 1_000 });
  const early = token(key, { nbf: nowSeconds + 1 });
  expect(await refusalOf(tolerant.authenticate(early))).toBe('accepted user:ada');
});

test('a token without an expiry, or with dates that are none, is refused', async () => {
  expect(await refused(token(key, { exp: undefined }))).toBe('claims-invalid');
  const odd = ['1900000000', null, true, -1, 1e300, [nowSeconds], {}];
  for (const date of odd) {
    for (const name of ['exp', 'nbf', 'iat']) {
      expect(await refused(token(key, { [name]: date }))).toBe('claims-invalid');
    }
  }
});

test('a token that was issued too long ago is refused', async () => {
  const young = authenticatorOf(stated(key), { maxTokenAgeMs: 60_000 });
  const atEdge = token(key, { iat: nowSeconds - 60 });
  expect(await refusalOf(young.authenticate(atEdge))).toBe('token-expired');
  const { expiresAt } = await young.authenticate(token(key, { iat: nowSeconds - 59 }));
  expect(expiresAt).toBe((nowSeconds + 1) * 1_000);
  const undated = token(key, { iat: undefined });
  expect(await refusalOf(young.authenticate(undated))).toBe('claims-invalid');
  expect(await refused(undated)).toBe('accepted user:ada');
});

test('clocks that differ lengthen the age of a token as they do its life', async () => {
  const options = { maxTokenAgeMs: 60_000, clockToleranceMs: 5_000 };
  const young = authenticatorOf(stated(key), options);
  const { expiresAt } = await young.authenticate(token(key, { iat: nowSeconds - 64 }));
  expect(expiresAt).toBe((nowSeconds + 1) * 1_000);
  const old = token(key, { iat: nowSeconds - 65 });
  expect(await refusalOf(young.authenticate(old))).toBe('token-expired');
});

test('a date with a fraction ends a token at a whole millisecond, and not later', async () => {
  const { expiresAt } = await plain.authenticate(token(key, { exp: nowSeconds + 1.0009 }));
  expect(expiresAt).toBe((nowSeconds + 1) * 1_000);
});

test.each([Number.NaN, undefined])('a clock that says %s accepts nothing', async (time) => {
  const broken = authenticatorOf(stated(key), { now: () => time as number });
  await expect(broken.authenticate(token(key))).rejects.toThrow(TypeError);
});

test.each([
  'unknown',
  '../../k-1',
  '/etc/passwd',
  "k-1' OR '1'='1",
  'k-1\u0000',
  'K-1',
  '',
  '__proto__',
  'https://evil.example/keys',
])('A70 the key id %j finds no key', async (kid) => {
  expect(await refused(token(key, {}, { alg: 'ES256', kid }))).toBe('token-key-unknown');
});

test.each([1, null, ['k-1'], { a: 1 }, 'k'.repeat(256)])(
  'a key id that is no short text is refused: %j',
  async (kid) => {
    expect(await refused(token(key, {}, { alg: 'ES256', kid }))).toBe('token-malformed');
  },
);

test('a token that names no key is accepted where exactly one fits', async () => {
  const unnamed = token(key, {}, { alg: 'ES256' });
  expect(await refused(unnamed)).toBe('accepted user:ada');
  const two = authenticatorOf(stated(key, signingKey('k-2')));
  expect(await refusalOf(two.authenticate(unnamed))).toBe('token-key-unknown');
  const same = authenticatorOf(stated(key, signingKey('k-1')));
  expect(await refusalOf(same.authenticate(token(key)))).toBe('token-key-unknown');
});

test.each([
  { crit: ['exp'] },
  { crit: ['b64'], b64: false },
  { crit: ['b64'], b64: true },
  { b64: false },
  { crit: [] },
  { crit: null },
])('an extension that the header demands is refused: %j', async (extension) => {
  const header = { alg: 'ES256', kid: 'k-1', ...extension };
  expect(await refused(token(key, {}, header))).toBe('token-extension-refused');
});

test('A70 keys and addresses of keys in a token are not looked at', async () => {
  const theirs = signingKey('k-1');
  const server = await KeyServer.start(theirs);
  const address = `http://127.0.0.1:${server.port}/keys`;
  const headers = [{ jwk: theirs.jwk }, { jku: address }, { x5u: address }, { x5c: ['MIIB'] }];
  for (const header of headers) {
    for (const kid of ['k-1', 'theirs']) {
      const forged = token(theirs, {}, { alg: 'ES256', kid, ...header });
      const expected = kid === 'k-1' ? 'token-signature-invalid' : 'token-key-unknown';
      expect(await refused(forged)).toBe(expected);
    }
  }
  expect(server.paths).toEqual([]);
  await server.stop();
});

test('members that are there twice are refused, however they are spelt', async () => {
  const text = JSON.stringify(goodClaims).slice(0, -1);
  const header = '{"alg":"ES256","kid":"k-1"';
  expect(await refused(signed(key, `${text}}`, `${header}}`))).toBe('accepted user:ada');
  for (const twice of ['"sub":"eve"', '"\\u0073ub":"ada"', '"aud":"control-plane"']) {
    expect(await refused(signed(key, `${text},${twice}}`))).toBe('token-malformed');
  }
  expect(await refused(signed(key, goodClaims, `${header},"alg":"ES256"}`))).toBe(
    'token-malformed',
  );
  expect(await refused(signed(key, `${text},"__proto__":{"sub":"eve"}}`))).toBe('token-malformed');
});

test('bytes that are no UTF-8 make no name: two spellings of nothing would be one person', async () => {
  const [before = '', after = ''] = JSON.stringify({ ...goodClaims, note: 'X' }).split('X');
  const noted = (note: Buffer): string =>
    signed(key, Buffer.concat([Buffer.from(before), note, Buffer.from(after)]));
  expect(await refused(noted(Buffer.from('\u00e9')))).toBe('accepted user:ada');
  for (const byte of [0xff, 0xe9, 0xc0]) {
    expect(await refused(noted(Buffer.from([byte])))).toBe('token-malformed');
  }
});

test('claims that are nested too deep or have too many members are refused, however they are signed', async () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const having = (member: string): string =>
    signed(key, `${JSON.stringify(goodClaims).slice(0, -1)},"more":${member}}`);
  // The object itself is one level, and its members count.
  expect(await refused(having(nested(jwtLimits.tokenDepthMax - 1)))).toBe('accepted user:ada');
  expect(await refused(having(nested(jwtLimits.tokenDepthMax)))).toBe('token-malformed');
  const list = (length: number): string => JSON.stringify(Array<number>(length).fill(1));
  const others = Object.keys(goodClaims).length + goodClaims.groups.length + 1;
  const most = jwtLimits.tokenMembersMax - others;
  expect(await refused(having(list(most)))).toBe('accepted user:ada');
  expect(await refused(having(list(most + 1)))).toBe('token-malformed');
});

test('a token has one spelling: any other character in its place makes it another token', async () => {
  const credential = token(key);
  expect(await refused(credential)).toBe('accepted user:ada');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n';
  const at = fc.oneof(fc.nat(credential.length - 1), fc.constant(credential.length - 1));
  await fc.assert(
    fc.asyncProperty(at, fc.constantFrom(...alphabet.split('')), async (place, character) => {
      fc.pre(credential[place] !== character);
      const altered = credential.slice(0, place) + character + credential.slice(place + 1);
      expect(await refused(altered)).toMatch(/^(?:token|keys)-/);
    }),
  );
  // All 64 last characters: four of its six bits are the signature’s, and a lenient reader drops the others.
  for (const last of alphabet) {
    if (credential.endsWith(last)) continue;
    expect(await refused(credential.slice(0, -1) + last)).toMatch(/^token-/);
  }
});

test('a payload that was exchanged is refused', async () => {
  const [header, , signature] = token(key).split('.');
  const claims = base64url(JSON.stringify({ ...goodClaims, groups: ['acp-admins'] }));
  expect(await refused(`${header}.${claims}.${signature}`)).toBe('token-signature-invalid');
});

test.each([
  '',
  '.',
  '..',
  'a.b',
  'a.b.c.d',
  'a.b.c.d.e',
  `${base64url('{"alg":"ES256"}')}.${base64url('[]')}.AAAA`,
  `${base64url('null')}.${base64url('{}')}.AAAA`,
  `${base64url('{"kid":"k-1"}')}.${base64url('{}')}.AAAA`,
  `${base64url('{"alg":["ES256"]}')}.${base64url('{}')}.AAAA`,
  `${base64url('{"alg":"ES256","typ":1}')}.${base64url('{}')}.AAAA`,
  `${base64url('{"alg":"ES256"}')}.${base64url(Buffer.from([0x7b, 0xff, 0x7d]))}.AAAA`,
  `${base64url('{"alg":"ES256"}')}.${base64url('['.repeat(5_000))}.AAAA`,
  `${base64url('{"alg":"ES256"}')}.${base64url('{} {}')}.AAAA`,
  `${base64url('\ufeff{"alg":"ES256"}')}.${base64url('{}')}.AAAA`,
])('what is no token is refused: %#', async (credential) => {
  expect(await refused(credential)).toBe('token-malformed');
});

test('a genuine token with a part too many or too few is none', async () => {
  const genuine = token(key);
  expect(await refused(genuine)).toBe('accepted user:ada');
  for (const odd of [
    `${genuine}.AAAA`,
    `${genuine}.`,
    genuine.slice(0, genuine.lastIndexOf('.')),
  ]) {
    expect(await refused(odd)).toBe('token-malformed');
    expect(() => readToken(odd)).toThrow('it does not have three parts');
  }
});

test.each([undefined, null, 1, {}, ['a.b.c'], new String('a.b.c')])(
  'what is no text is refused: %j',
  async (credential) => {
    expect(await refused(credential as string)).toBe('token-malformed');
  },
);

test('a token that is too long is refused before it is read', async () => {
  const filler = (length: number): string => token(key, { filler: 'x'.repeat(length) });
  expect(await refused(filler(11_000))).toBe('accepted user:ada');
  expect(await refused(filler(13_000))).toBe('token-too-long');
  expect(await refused('.'.repeat(jwtLimits.tokenLengthMax))).toBe('token-malformed');
  expect(await refused('.'.repeat(jwtLimits.tokenLengthMax + 1))).toBe('token-too-long');
});

test('a token of another type is refused where a type is asked for', async () => {
  const typed = authenticatorOf(stated(key), { typ: 'at+jwt' });
  const ofType = (typ?: string): string => token(key, {}, { alg: 'ES256', kid: 'k-1', typ });
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
    expect(await refusalOf(typed.authenticate(ofType(typ)))).toBe('accepted user:ada');
  }
  for (const typ of ['JWT', 'id+jwt', '', undefined]) {
    expect(await refusalOf(typed.authenticate(ofType(typ)))).toBe('token-type-wrong');
  }
  expect(await refused(ofType('anything'))).toBe('accepted user:ada');
});

test('no message shows the token, its claims, or anything that its bearer wrote', async () => {
  const secretly = {
    sub: 'hidden|value',
    tenant: 'hidden value',
    groups: ['hidden'],
    aud: 'hidden',
  };
  const tokens = [
    'hidden.hidden.hidden',
    token(key, { aud: 'hidden' }),
    token(key, { iss: 'hidden' }),
    token(key, { exp: 'hidden' }),
    token(key, { sub: 'hidden|value' }),
    token(key, { tenant: 'hidden value' }),
    token(key, { groups: ['hidden'] }),
    token(key, secretly, { alg: 'hidden' }),
    token(key, secretly, { alg: 'ES256', kid: 'hidden' }),
    token(key, secretly, '{"hidden":1,"hidden":2}'),
  ];
  for (const credential of tokens) {
    const error: unknown = await plain.authenticate(credential).catch((each: unknown) => each);
    if (!AuthenticationError.is(error)) throw error;
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toContain('hidden');
    expect(error.message).not.toContain(credential);
  }
});

test('a refusal is recognised by its brand', () => {
  expect(AuthenticationError.is(new AuthenticationError('token-expired'))).toBe(true);
  expect(new AuthenticationError('keys-unavailable').retryable).toBe(true);
  expect(new AuthenticationError('token-not-yet-valid').retryable).toBe(true);
  expect(new AuthenticationError('token-expired').retryable).toBe(false);
  for (const other of [new Error('no'), { code: 'token-expired' }, null, 'token-expired']) {
    expect(AuthenticationError.is(other)).toBe(false);
  }
});
