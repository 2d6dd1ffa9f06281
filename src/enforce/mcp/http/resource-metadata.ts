/**
 * What a client without a token reads to find out where it gets one: OAuth 2.0 Protected Resource Metadata
 * (RFC 9728), and the address of it in the challenge of a refused request. Only where the configuration says
 * whose tokens count.
 */
import type { HttpTerms } from '../config/config.ts';

const wellKnown = '/.well-known/oauth-protected-resource';

export class ResourceMetadata {
  /** Where the metadata is, as clients see it. */
  readonly url: string;
  readonly #document: object;
  readonly #paths: ReadonlySet<string>;

  private constructor(resource: URL, { authorizationServers, path }: HttpTerms) {
    this.url = `${resource.origin}${wellKnown}${suffixOf(resource.pathname)}`;
    this.#paths = new Set(['', path, resource.pathname].map((each) => wellKnown + suffixOf(each)));
    this.#document = {
      resource: resource.href,
      authorization_servers: authorizationServers,
      bearer_methods_supported: ['header'],
      resource_name: 'agent-control-plane',
    };
  }

  /** `listening` is the address of the endpoint itself; undefined where nobody could get a token. */
  static of(terms: HttpTerms, listening: URL): ResourceMetadata | undefined {
    if (terms.authorizationServers.length === 0) return undefined;
    return new ResourceMetadata(terms.resource ?? listening, terms);
  }

  /** Whether a path is one at which clients look for it. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** It is nobody's secret, and needs no token. */
  answer(method: string | undefined): Response {
    if (method !== 'GET') return new Response(null, { status: 405, headers: { allow: 'GET' } });
    return Response.json(this.#document, { headers: { 'cache-control': 'max-age=3600' } });
  }
}

function suffixOf(path: string): string {
  return path === '/' ? '' : path;
}
