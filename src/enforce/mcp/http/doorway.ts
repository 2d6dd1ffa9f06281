/**
 * What is checked of an HTTP request before anybody asks what it wants: the host that it was sent to, the
 * page that sent it, the path. A page that had its own name resolved to this machine (DNS rebinding) gives
 * itself away by both of the first.
 */
import type { IncomingMessage } from 'node:http';
import type { HttpTerms } from '../config/config.ts';
import { loopbackNames } from '../config/read-http.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

export interface Refused {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);
const methods = ['POST', 'GET', 'DELETE', 'OPTIONS'];

export class Doorway {
  readonly #terms: HttpTerms;
  readonly #metadata: ResourceMetadata | undefined;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  /** `port` is the one that is listened on. */
  constructor(terms: HttpTerms, port: number, metadata: ResourceMetadata | undefined) {
    this.#terms = terms;
    this.#metadata = metadata;
    const own = everyAddress.has(terms.host) ? [] : [terms.host];
    this.#hosts = new Set([...loopbackNames, ...own, ...terms.allowedHosts]);
    const same = loopbackNames.map((name) => `http://${name}:${port}`);
    this.#origins = new Set([...same, ...terms.allowedOrigins]);
  }

  /** Why the request is not let in, or undefined. */
  refusal(request: IncomingMessage): Refused | undefined {
    const { host: hosts = [], origin: origins = [] } = request.headersDistinct;
    const [host = ''] = hosts;
    const name = hostOf(host);
    if (hosts.length !== 1 || !this.#hosts.has(name)) {
      return { status: 403, message: 'this is not the host that the request names' };
    }
    if (origins.length > 1 || origins.some((origin) => !this.#origins.has(origin))) {
      return { status: 403, message: 'pages of this origin may not call' };
    }
    if (this.asksForMetadata(request)) return undefined;
    if (pathOf(request) !== this.#terms.path)
      return { status: 404, message: 'there is nothing here' };
    if (methods.includes(request.method ?? '')) return undefined;
    const headers = { allow: methods.join(', ') };
    return { status: 405, message: 'this method is not known here', headers };
  }

  asksForMetadata(request: IncomingMessage): boolean {
    return this.#metadata?.has(pathOf(request)) ?? false;
  }

  /** What lets a page read the answer, where its origin may call. */
  pageHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
    const { origin } = request.headers;
    if (origin === undefined || !this.#origins.has(origin)) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'mcp-session-id, www-authenticate',
      vary: 'origin',
    };
  }

  /** What a page may send, as its browser asks beforehand. */
  preflightHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
    const asked = request.headers['access-control-request-headers'] ?? '';
    const names = asked.split(',').map((name) => name.trim().toLowerCase());
    return {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': names.filter((name) => pageMaySend.test(name)).join(', '),
    };
  }
}

const pageMaySend = /^(?:authorization|content-type|accept|last-event-id|mcp-[a-z0-9-]+)$/;

/** The name in a `Host` header that has a name, a port and nothing else. */
function hostOf(host: string): string {
  const url = URL.parse(`http://${host}/`);
  return url !== null && url.href === `${url.origin}/` ? url.hostname : '';
}

/** Of an address that says who asks, nothing is known: that is said by a token, and once. */
function pathOf(request: IncomingMessage): string {
  const url = URL.parse(request.url ?? '', 'http://localhost');
  return url === null || url.username !== '' || url.password !== '' ? '' : url.pathname;
}
