/**
 * The contract between a host's way of signing people in and the control plane: a credential goes in, who it
 * belongs to comes out, or an `AuthenticationError` with a stable code.
 *
 * An authenticator MUST refuse what it does not understand, and MUST NOT put any part of a credential that is
 * secret into a message. It mints no principal: the control plane does that from what `authenticate` gives,
 * and checks it again.
 */

/** Whom a credential belongs to, as far as the control plane needs to know. */
export interface Authenticated {
  /** Such as `user:ada` or `service:billing`. */
  readonly id: string;
  readonly org: string;
  readonly roles: readonly string[];
  /** Teams within the org, by which budgets may be shared. */
  readonly teams?: readonly string[];
  /** Milliseconds since the epoch from which the credential is no longer good. */
  readonly expiresAt?: number;
}

export interface Authenticator {
  /** How the identity was established, as the log will say it, such as `jwt:okta`. */
  readonly name: string;
  /** Throws an `AuthenticationError` where the credential vouches for nobody. */
  authenticate(credential: string): Promise<Authenticated>;
}

/** Codes of refused credentials in order of precedence, with the sentence that explains each in general. */
export const authenticationCodes = {
  'token-too-long': 'the token is longer than the limit',
  'token-malformed': 'the token is not a signed JWT in compact form',
  'token-extension-refused': 'the token demands an extension that is not supported',
  'token-algorithm-refused': 'the token is signed with an algorithm that is not allowed',
  'token-type-wrong': 'the token is of another type',
  'keys-unavailable': 'the keys that would check the token are not available',
  'token-key-unknown': 'the key that the token names is not among the issuer’s keys',
  'token-signature-invalid': 'the signature does not belong to the token',
  'token-issuer-wrong': 'the token is of another issuer',
  'token-audience-wrong': 'the token is meant for somebody else',
  'token-expired': 'the token has expired',
  'token-not-yet-valid': 'the token is not valid yet',
  'claims-invalid': 'the claims of the token do not say who this is',
} as const;

export type AuthenticationCode = keyof typeof authenticationCodes;

const authenticationBrand = Symbol.for('agent-control-plane.authentication-error');

/** A credential that was refused. Recognise it with `AuthenticationError.is` and its `code`. */
export class AuthenticationError extends Error {
  readonly code: AuthenticationCode;
  readonly [authenticationBrand] = true;

  /** `detail` is shown to whoever reads the host's logs; it MUST NOT hold the credential. */
  constructor(code: AuthenticationCode, detail?: string, cause?: unknown) {
    const sentence = authenticationCodes[code];
    super(
      detail === undefined ? sentence : `${sentence}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'AuthenticationError';
    this.code = code;
  }

  /** Whether the same credential may be accepted later without a change by its bearer. */
  get retryable(): boolean {
    return this.code === 'keys-unavailable' || this.code === 'token-not-yet-valid';
  }

  static is(value: unknown): value is AuthenticationError {
    return typeof value === 'object' && value !== null && authenticationBrand in value;
  }
}
