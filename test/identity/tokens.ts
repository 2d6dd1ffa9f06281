/** Tokens and an authenticator that accepts them, so that each test changes the one thing that it is about. */
import {
  AuthenticationError,
  type Authenticated,
  type Authenticator,
} from '../../src/identity/jwt.ts';
import { jwtAuthenticator, type JwtOptions } from '../../src/identity/jwt.ts';
import { signed, type Part, type SigningKey } from './issuer.ts';

/** Seconds since the epoch at which the clock of these tests stands. */
export const nowSeconds = 1_800_000_000;
export const issuer = 'https://issuer.example';
export const audience = 'control-plane';

export const goodClaims = {
  iss: issuer,
  aud: audience,
  sub: 'ada',
  iat: nowSeconds - 60,
  nbf: nowSeconds - 60,
  exp: nowSeconds + 300,
  tenant: 'acme',
  groups: ['acp-operators', 'everyone'],
};

export function token(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>> = {},
  header?: Part,
): string {
  return signed(key, { ...goodClaims, ...claims }, header);
}

/** A clock that a test sets. */
export class SetClock {
  ms = nowSeconds * 1_000;
  readonly now = (): number => this.ms;
}

export function authenticatorOf(
  keys: JwtOptions['keys'],
  options: Partial<JwtOptions> = {},
): Authenticator {
  return jwtAuthenticator({
    name: 'test',
    issuer,
    audience,
    algorithms: ['ES256'],
    keys,
    claims: {
      kind: 'user',
      org: { claim: 'tenant' },
      roles: { claim: 'groups', map: { 'acp-operators': 'operator', 'acp-admins': 'admin' } },
    },
    clockToleranceMs: 0,
    now: () => nowSeconds * 1_000,
    ...options,
  });
}

/** The keys as the host would state them. */
export function stated(...keys: readonly SigningKey[]): JwtOptions['keys'] {
  return { jwks: { keys: keys.map(({ jwk }) => jwk) } };
}

/** The code of the refusal; anything else that happened is an error of the test. */
export async function refusalOf(work: Promise<Authenticated>): Promise<string> {
  const outcome: unknown = await work.then(
    ({ id }) => `accepted ${id}`,
    (error: unknown) => error,
  );
  if (typeof outcome === 'string') return outcome;
  if (!AuthenticationError.is(outcome)) throw outcome;
  return outcome.code;
}
