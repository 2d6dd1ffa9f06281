/**
 * Reads what a configuration says of issuers whose tokens clients may bring: the options of
 * `agent-control-plane/jwt`, by name. They are held to that module's own checks; here is only what else a
 * file has to say.
 */
import type { Authenticator } from '../../../identity/authenticator.ts';
import { isTrustworthy } from '../../../identity/fetch-text.ts';
import { jwtAuthenticator, type JwtOptions } from '../../../identity/jwt.ts';
import { configurationProblem, mapOf, membersOf, text } from './strict-reader.ts';

export interface TokenIssuer {
  readonly authenticator: Authenticator;
  /** The address by which clients find it (RFC 8414), and `iss` of its tokens. */
  readonly issuer: string;
}

export const readAuthenticators = mapOf((value, path, name): TokenIssuer => {
  const members = membersOf(value, path);
  for (const own of ['name', 'now']) {
    if (members.has(own)) throw configurationProblem(`${path}.${own}`, 'is not known here');
  }
  const issuer = text(members.get('issuer'), `${path}.issuer`);
  const url = URL.parse(issuer);
  if (url === null || !isTrustworthy(url)) {
    const problem = 'must be an `https` address, or `http` to this machine';
    throw configurationProblem(`${path}.issuer`, problem);
  }
  try {
    // What these options are is checked by whoever takes them, before anything else.
    const options = { ...Object.fromEntries(members), name } as unknown as JwtOptions;
    return { authenticator: jwtAuthenticator(options), issuer };
  } catch (failure) {
    if (!(failure instanceof TypeError)) throw failure;
    throw configurationProblem(path, `is refused: ${failure.message}`);
  }
});
