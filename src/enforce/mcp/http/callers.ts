/**
 * Who sends a request: by a bearer token (RFC 6750), which the control plane's own ways of authentication
 * check at each request, or on loopback whoever the configuration says.
 */
import type { IncomingMessage } from 'node:http';
import { type ControlPlane, ControlPlaneError } from '../../../engine/index.ts';
import { AuthenticationError } from '../../../identity/authenticator.ts';
import type { Principal } from '../../../identity/principal.ts';
import type { Acting } from '../client/gateway-session.ts';
import { type GatewayConfig, type HttpTerms, sessionKeyPrefix } from '../config/config.ts';
import type { Refused } from './doorway.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

export interface Caller {
  readonly principal: Principal;
  /** Same text, same principal with the same rights, by the same key or authenticator. */
  readonly identity: string;
  /** The id of the API key that established it, if one did. */
  readonly key: string | undefined;
  /** Milliseconds since the epoch; infinite where the credential has no end. */
  readonly expiresAt: number;
}

const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

export class Callers {
  readonly #plane: ControlPlane;
  readonly #config: GatewayConfig;
  readonly #terms: HttpTerms;
  readonly #report: (message: string) => void;

  /** Throws `input-invalid` for a way of authentication that the control plane does not have. */
  constructor(
    plane: ControlPlane,
    config: GatewayConfig & { readonly http: HttpTerms },
    report: (message: string) => void,
  ) {
    const { http } = config;
    const missing = http.authentication.find((way) => !plane.identity.ways.includes(way));
    if (missing !== undefined) {
      const known = plane.identity.ways.join(', ');
      const message = `\`http.authentication\` names \`${missing}\`; the control plane has ${known}`;
      throw new ControlPlaneError('input-invalid', message);
    }
    this.#plane = plane;
    this.#config = config;
    this.#terms = http;
    this.#report = report;
  }

  /** A refusal tells of the metadata, where there is some, that says where a token is to be had. */
  async identify(
    request: IncomingMessage,
    metadata: ResourceMetadata | undefined,
  ): Promise<Caller | Refused> {
    const { identity } = this.#plane;
    const ways = this.#terms.authentication;
    if (ways.length === 0) return this.#callerOf(identity.assert(this.#config.principal));
    const challenge = challengeWith(metadata);
    const given = request.headersDistinct['authorization'] ?? [];
    const [, token] = bearer.exec(given[0] ?? '') ?? [];
    if (given.length !== 1 || token === undefined) {
      return unauthorized(
        'the request needs one `Authorization` header with a bearer token',
        challenge,
      );
    }
    // A key of the control plane's own is shown to no one else, and nothing else is looked up as one.
    const fitting = ways.filter((way) => (way === 'api-key') === token.startsWith('acp_'));
    for (const way of fitting) {
      try {
        return this.#callerOf(await identity.authenticate(token, way));
      } catch (failure) {
        const code = refusedCredential(failure);
        this.#report(`a bearer token was refused by ${way}: ${code}`);
        if (code === 'keys-unavailable') {
          const headers = { 'retry-after': '5' };
          return { status: 503, message: 'tokens cannot be checked now', headers };
        }
      }
    }
    return tokenRefused(metadata);
  }

  #callerOf(principal: Principal): Caller {
    const { expiresAt: _, ...who } = principal.toJSON();
    const expiresAt = this.#plane.tools.credentialEndsAt(principal);
    return { principal, identity: JSON.stringify(who), key: who.credential, expiresAt };
  }

  /**
   * The control session of a caller: the same one at each connection, so that nothing of it begins anew by
   * connecting again; with `connection` one for that connection alone.
   */
  async acting({ principal }: Caller, connection?: string): Promise<Acting> {
    const { session, agent } = this.#config;
    const shared = session.key ?? `http/${agent.name}`;
    const key = connection === undefined ? shared : `http/${agent.name}/${connection}`;
    const control = await this.#plane.openSession({
      principal,
      agent: agent.name,
      ...(session.budget === undefined ? {} : { budget: session.budget }),
      idempotencyKey: `${sessionKeyPrefix}${key}`,
    });
    return { principal, control, isOwn: connection !== undefined };
  }
}

/** Also of one that was accepted, and ended before its request was answered. */
export function tokenRefused(metadata: ResourceMetadata | undefined): Refused {
  const challenge = `${challengeWith(metadata)}, error="invalid_token"`;
  return unauthorized('the bearer token was refused', challenge);
}

/** The code of a refusal; throws on what is none. */
function refusedCredential(failure: unknown): string {
  if (AuthenticationError.is(failure)) return failure.code;
  const refusals = ['credential-invalid', 'input-invalid'];
  if (ControlPlaneError.is(failure) && refusals.includes(failure.code)) return failure.code;
  throw failure;
}

/** RFC 6750, and RFC 9728 on what it says of the metadata. */
function challengeWith(metadata: ResourceMetadata | undefined): string {
  const realm = 'Bearer realm="agent-control-plane"';
  return metadata === undefined ? realm : `${realm}, resource_metadata="${metadata.url}"`;
}

function unauthorized(message: string, challenge: string): Refused {
  return { status: 401, message, headers: { 'www-authenticate': challenge } };
}

export function isRefused(caller: Caller | Refused): caller is Refused {
  return 'status' in caller;
}
