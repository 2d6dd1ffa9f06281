/**
 * Reads a signed JWT in compact form (RFC 7515, RFC 7519) without believing it.
 *
 * Stricter than JSON and base64url readers are by themselves: each part has exactly one spelling, so that a
 * token cannot be changed and stay valid; and a member that is there twice is refused, since two readers may
 * see two values.
 */
import { parseStrictJson } from '../log/index.ts';
import { AuthenticationError } from './authenticator.ts';
import { jwtLimits } from './jwt-limits.ts';

export interface TokenHeader {
  readonly alg: string;
  readonly kid?: string;
  readonly typ?: string;
}

/** Claims as they were signed. They are nobody's until the signature is checked. */
export type Claims = Readonly<Record<string, unknown>>;

export interface SignedToken {
  readonly header: TokenHeader;
  readonly claims: Claims;
}

/** Throws `token-too-long`, `token-malformed` or `token-extension-refused`. */
export function readToken(token: unknown): SignedToken {
  if (typeof token !== 'string') throw malformed('it is not a string');
  if (token.length > jwtLimits.tokenLengthMax) {
    throw new AuthenticationError('token-too-long', `${jwtLimits.tokenLengthMax} characters`);
  }
  const parts = token.split('.');
  const [header = '', claims = '', signature = ''] = parts;
  if (parts.length !== 3) throw malformed('it does not have three parts');
  bytesOf(signature, 'signature');
  return {
    header: checkHeader(objectOf(header, 'header')),
    claims: objectOf(claims, 'claims'),
  };
}

function checkHeader(header: Claims): TokenHeader {
  const [alg, kid, typ] = ['alg', 'kid', 'typ'].map((name) => ownMember(header, name));
  if (typeof alg !== 'string') throw malformed('the header names no algorithm');
  if (typ !== undefined && typeof typ !== 'string') throw malformed('`typ` is not text');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > jwtLimits.keyIdLengthMax)) {
    throw malformed('`kid` is not text, or too long');
  }
  // RFC 7515, 4.1.11: who does not understand what is critical refuses; nothing here is understood. `b64`
  // changes what is signed even where it is not declared critical.
  for (const name of ['crit', 'b64']) {
    if (Object.hasOwn(header, name)) {
      throw new AuthenticationError('token-extension-refused', `\`${name}\` in the header`);
    }
  }
  return {
    alg,
    ...(kid === undefined ? {} : { kid }),
    ...(typ === undefined ? {} : { typ }),
  };
}

function bytesOf(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw malformed(`the ${name} is not base64url`);
  return bytes;
}

const jsonLimits = {
  bytesMax: jwtLimits.tokenLengthMax,
  depthMax: jwtLimits.tokenDepthMax,
  membersMax: jwtLimits.tokenMembersMax,
};

function objectOf(part: string, name: string): Claims {
  const bytes = bytesOf(part, name);
  let value: unknown;
  try {
    value = parseStrictJson(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      jsonLimits,
    );
  } catch {
    // The reader's own message shows keys of the token, and is kept out.
    throw malformed(`the ${name} is not JSON, or has a member twice`);
  }
  if (!isObject(value)) throw malformed(`the ${name} is not an object`);
  return value;
}

/** A member of the object itself, never one that it or everything inherits. */
export function ownMember(value: Claims, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(detail: string): AuthenticationError {
  return new AuthenticationError('token-malformed', detail);
}
