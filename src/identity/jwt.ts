/**
 * An authenticator for signed JWTs (RFC 7519) of one issuer, as the access tokens of OpenID Connect and OAuth
 * providers are, following the best current practices of RFC 8725.
 *
 * In this order: the token's form, its algorithm, its type, its key, its signature, its issuer, its audience,
 * its times, and who its claims say it is. Whatever fails is an `AuthenticationError`. `jose` finds and
 * imports the key and checks the signature; what is signed is read and judged here.
 */
import type { CryptoKey } from 'jose';
import { JWSSignatureVerificationFailed } from 'jose/errors';
import { compactVerify } from 'jose/jws/compact/verify';
import { AuthenticationError, type Authenticated, type Authenticator } from './authenticator.ts';
import { type JwtOptions, type JwtSettings, mediaType, settingsOf } from './jwt-options.ts';
import { checkRegisteredClaims } from './registered-claims.ts';
import { readToken } from './signed-token.ts';

export { AuthenticationError, type AuthenticationCode } from './authenticator.ts';
export type { Authenticated, Authenticator } from './authenticator.ts';
export type { ClaimPath } from './claim-path.ts';
export type { ClaimMapping, ListClaim, TextClaim } from './claims.ts';
export type { JwtAlgorithm, JwtOptions, PublishedKeys, StatedKeys } from './jwt-options.ts';

/** Throws a `TypeError` where the options are not valid; no key is fetched before the first token comes. */
export function jwtAuthenticator(options: JwtOptions): Authenticator {
  const settings = settingsOf(options);
  return Object.freeze({
    name: settings.name,
    authenticate: (credential: string) => authenticate(credential, settings),
  });
}

async function authenticate(token: string, settings: JwtSettings): Promise<Authenticated> {
  const { header, claims } = readToken(token);
  if (!settings.algorithms.has(header.alg)) {
    const allowed = [...settings.algorithms].join('`, `');
    throw new AuthenticationError('token-algorithm-refused', `allowed: \`${allowed}\``);
  }
  if (settings.typ !== undefined && mediaType(header.typ ?? '') !== settings.typ) {
    throw new AuthenticationError('token-type-wrong', `expected \`${settings.typ}\``);
  }
  await checkSignature(token, await settings.keys.keyFor(header), header.alg);
  // The time is read after the keys were waited for.
  const expiresAt = checkRegisteredClaims(claims, settings.expected, settings.now());
  return Object.freeze({ ...settings.readClaims(claims), expiresAt });
}

async function checkSignature(token: string, key: CryptoKey, algorithm: string): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
  } catch (cause) {
    if (cause instanceof JWSSignatureVerificationFailed) {
      throw new AuthenticationError('token-signature-invalid');
    }
    throw new AuthenticationError('keys-unavailable', 'the key cannot be used', cause);
  }
}
