/**
 * An issuer's public keys (a JWK Set, RFC 7517), and the one of them that a token names.
 *
 * Only what is in the set is ever used: a key, or the address of one, in a token's header (`jwk`, `jku`,
 * `x5c`, `x5u`) is not looked at.
 */
import type { CryptoKey } from 'jose';
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors';
import { createLocalJWKSet, type LocalJWKSet } from 'jose/jwks/local';
import { AuthenticationError } from './authenticator.ts';
import { jwtLimits } from './jwt-limits.ts';
import { isObject, ownMember, type TokenHeader } from './signed-token.ts';

export type KeySet = LocalJWKSet;

/** Where a verifier gets its keys from. */
export interface KeySource {
  /** Throws `keys-unavailable` or `token-key-unknown`. */
  keyFor(header: TokenHeader): Promise<CryptoKey>;
}

/**
 * Members of a JWK that are secret: of private keys, and of symmetric ones (RFC 7518, 6.2 to 6.4). Each of an
 * RSA key gives the others away.
 */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** Throws a `TypeError` where `value` is no set of public keys. */
export function keySetOf(value: unknown): KeySet {
  const keys = isObject(value) ? ownMember(value, 'keys') : undefined;
  if (!Array.isArray(keys) || !keys.every(isObject)) {
    throw new TypeError('the key set is not an object with a list `keys`');
  }
  if (keys.length > jwtLimits.keySetKeysMax) {
    throw new TypeError(`the key set has more than ${jwtLimits.keySetKeysMax} keys`);
  }
  // Whoever can read a set that gives away a secret can sign tokens; no key of such a set is worth trust.
  if (keys.some((key) => secretMembers.some((name) => ownMember(key, name) !== undefined))) {
    throw new TypeError('the key set holds a private or a symmetric key');
  }
  return createLocalJWKSet({ keys });
}

/** The key, or undefined where none or several fit. Throws `keys-unavailable` where it cannot be used. */
export async function findKey(keys: KeySet, header: TokenHeader): Promise<CryptoKey | undefined> {
  try {
    return await keys({ ...header });
  } catch (cause) {
    if (cause instanceof JWKSNoMatchingKey) return undefined;
    if (cause instanceof JWKSMultipleMatchingKeys) return undefined;
    throw new AuthenticationError('keys-unavailable', 'the key cannot be used', cause);
  }
}

export function keyUnknown({ alg, kid }: TokenHeader): AuthenticationError {
  const detail =
    kid === undefined
      ? 'it names none, and not exactly one fits'
      : `not exactly one of this name fits \`${alg}\``;
  return new AuthenticationError('token-key-unknown', detail);
}

/** Keys that the host states. */
export class GivenKeys implements KeySource {
  readonly #keys: KeySet;

  constructor(jwks: unknown) {
    this.#keys = keySetOf(jwks);
  }

  async keyFor(header: TokenHeader): Promise<CryptoKey> {
    const key = await findKey(this.#keys, header);
    if (key === undefined) throw keyUnknown(header);
    return key;
  }
}
