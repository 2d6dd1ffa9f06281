/** Reads what a configuration says of Streamable HTTP: where the gateway listens, and whom it lets in. */
import { isTrustworthy } from '../../../identity/fetch-text.ts';
import { isQualifiedName } from '../../../kernel/index.ts';
import { configLimits, type HttpTerms } from './config.ts';
import {
  configurationProblem,
  listOf,
  Members,
  oneOf,
  text,
  textThat,
  wholeNumber,
} from './strict-reader.ts';

export const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

const wayToAuthenticate = textThat(
  isQualifiedName,
  'must be `api-key` or the name of an authenticator',
);

/**
 * Refuses an address that others can reach where nobody would have to say who they are. `issuers` are those
 * of the configuration's own authenticators, by the name of the way; each of them has to be used.
 */
export function readHttp(
  value: unknown,
  path: string,
  issuers: ReadonlyMap<string, string>,
): HttpTerms {
  const members = new Members(value, path);
  const ms = wholeNumber(1_000, configLimits.timeoutMsMax);
  const bytes = wholeNumber(1_024, configLimits.bytesMax);
  const authentication =
    members.optional('authentication', listOf(wayToAuthenticate)) ?? noAuthentication;
  const http: HttpTerms = {
    host: members.optional('host', hostName) ?? '127.0.0.1',
    port: members.required('port', wholeNumber(0, 65_535)),
    path: members.optional('path', urlPath) ?? '/mcp',
    allowedHosts: members.optional('allowedHosts', listOf(hostName)) ?? [],
    allowedOrigins: members.optional('allowedOrigins', listOf(origin)) ?? [],
    authentication,
    authorizationServers: [...issuers.values()],
    resource: members.optional('resource', publicUrl),
    session: members.optional('session', oneOf(['principal', 'connection'])) ?? 'principal',
    requestBytesMax: members.optional('requestBytesMax', bytes) ?? configLimits.requestBytesMax,
    idleMs: members.optional('idleMs', ms) ?? configLimits.idleMs,
  };
  members.end();
  if (!loopbackNames.includes(http.host) && http.authentication.length === 0) {
    const problem =
      'is not loopback: whoever reaches it would act as the principal of the configuration. ' +
      'Name in `authentication` how clients are told apart, such as [api-key]';
    throw configurationProblem(members.pathOf('host'), problem);
  }
  checkIssuers(members, http, issuers);
  return http;
}

const noAuthentication: readonly string[] = [];

function checkIssuers(
  members: Members,
  http: HttpTerms,
  issuers: ReadonlyMap<string, string>,
): void {
  const unused = [...issuers.keys()].find((way) => !http.authentication.includes(way));
  if (unused !== undefined) {
    const problem = `does not name \`${unused}\`, which \`authenticators\` has`;
    throw configurationProblem(members.pathOf('authentication'), problem);
  }
  if (issuers.size === 0 && http.resource !== undefined) {
    const problem =
      'has no effect: clients are told of it with who issues tokens, `authenticators`';
    throw configurationProblem(members.pathOf('resource'), problem);
  }
  if (issuers.size === 0 || http.resource !== undefined) return;
  if (loopbackNames.includes(http.host)) return;
  const problem =
    'is missing: clients are told the address for which they need a token, and `host` is not it';
  throw configurationProblem(members.pathOf('resource'), problem);
}

/** An address of which credentials may depend, without a query or fragment. */
function publicUrl(value: unknown, path: string): URL {
  const url = URL.parse(text(value, path));
  if (url !== null && isTrustworthy(url) && url.search === '' && url.hash === '') return url;
  const problem =
    'must be an `https` address, or `http` to this machine, without a query or fragment';
  throw configurationProblem(path, problem);
}

/** A name or an address, as in a URL and in `Host`, without a port. */
function hostName(value: unknown, path: string): string {
  const written = text(value, path);
  const url = URL.parse(`http://${written}/`);
  if (url?.hostname === written && url.port === '') return written;
  throw configurationProblem(
    path,
    'must be a host as in a URL, without a port: [::1], desk.example.com',
  );
}

function urlPath(value: unknown, path: string): string {
  const written = text(value, path);
  if (URL.parse(written, 'http://localhost')?.pathname === written) return written;
  throw configurationProblem(path, 'must be the path of a URL, such as /mcp');
}

function origin(value: unknown, path: string): string {
  const written = text(value, path);
  if (/^https?:/.test(written) && URL.parse(written)?.origin === written) return written;
  throw configurationProblem(path, 'must be an origin, such as https://desk.example.com');
}
