/**
 * Webhooks: a notification as one signed POST, by the conventions of Standard Webhooks 1.0.
 *
 * The receiver's name is resolved once for each attempt, every address it has is checked, and the
 * connection goes to a checked address itself: what the name resolves to a moment later is not asked.
 * Redirects are not followed, no connection is kept, and of an answer only its status is read.
 */
import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { addressProblem, clearTextProblem } from './address.ts';
import {
  assertKnown,
  type Notification,
  type Notifier,
  type NotifierOptions,
  notifierTerms,
  termsKnown,
} from './notifier.ts';
import { keysOf, signatureHeader, type WebhookSecrets } from './signature.ts';

export interface WebhookOptions extends NotifierOptions {
  /** Where to: `https:`, without credentials in it. */
  readonly url: string;
  /** At least 24 bytes: `whsec_<base64>`, text, or bytes. Several give several signatures. */
  readonly secret: WebhookSecrets;
  /**
   * Whether the receiver may be in a private network or on this machine, and there also `http:`. Link-local
   * addresses and metadata services, where clouds serve credentials, stay refused.
   */
  readonly allowPrivateAddresses?: boolean;
  /** Sent with each request beside the webhook's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates of the authorities to trust in place of Node's, as PEM. */
  readonly ca?: string;
  /** All addresses of a name; the system's resolver by default. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
}

const optionsKnown = [
  ...termsKnown,
  'url',
  'secret',
  'allowPrivateAddresses',
  'headers',
  'ca',
  'resolve',
] as const satisfies readonly (keyof WebhookOptions)[];

/** Headers that are the webhook's own, or that would change where one message ends. */
const ownHeader =
  /^(?:webhook-.*|host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect)$/i;

/** A notifier that posts to a URL. Throws a `TypeError` where it could never deliver. */
export function webhook(options: WebhookOptions): Notifier {
  assertKnown('a webhook', options, optionsKnown);
  const { allowPrivateAddresses = false, headers = {}, ca, resolve = systemResolver } = options;
  checkTypes(options);
  const url = checkedUrl(options.url, allowPrivateAddresses);
  const keys = keysOf(options.secret);
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const more = { ...headers };
  return Object.freeze({
    ...notifierTerms(options),
    deliver: async (notification: Notification, signal: AbortSignal) => {
      const addresses = await addressesOf(url, resolve, allowPrivateAddresses);
      signal.throwIfAborted();
      // Another address at each attempt, in case that one of them does not answer.
      const address = addresses[(notification.attempt - 1) % addresses.length] ?? '';
      const body = Buffer.from(notification.body, 'utf8');
      const sent = { ...more, ...signedHeaders(keys, notification, body) };
      const status = await post({ url, address, headers: sent, body, signal, ca });
      if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
    },
  });
}

/** What an environment gives is text, of which `'false'` would open the host's own network. */
function checkTypes({ allowPrivateAddresses, headers, resolve }: WebhookOptions): void {
  if (allowPrivateAddresses !== undefined && typeof allowPrivateAddresses !== 'boolean') {
    throw new TypeError('`allowPrivateAddresses` of a webhook is true or false');
  }
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw new TypeError('`resolve` of a webhook is a function');
  }
  const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (headers !== undefined && !isObject) {
    throw new TypeError('`headers` of a webhook are an object');
  }
}

function checkedUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The text is not shown: a URL may carry a token.
  if (url === undefined) throw new TypeError('the webhook’s URL is no URL');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    throw new TypeError('a webhook’s URL begins with `https:`');
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new TypeError('a webhook’s URL has no credentials and no fragment');
  }
  const host = bareHost(url);
  const problem = isIP(host) === 0 ? undefined : problemOf(url, host, allowPrivate);
  if (problem !== undefined) throw new TypeError(`the webhook’s address is refused: ${problem}`);
  return url;
}

function checkHeader(name: string, value: string): void {
  if (ownHeader.test(name)) throw new TypeError(`the header \`${name}\` is set by the webhook`);
  http.validateHeaderName(name);
  http.validateHeaderValue(name, value);
}

/** The host without the brackets of an IPv6 address. */
function bareHost({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

async function systemResolver(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

/** The addresses to choose from. One that is refused refuses them all: the name is not to be trusted. */
async function addressesOf(
  url: URL,
  resolve: (hostname: string) => Promise<readonly string[]>,
  allowPrivate: boolean,
): Promise<readonly string[]> {
  const host = bareHost(url);
  const addresses = isIP(host) === 0 ? await resolved(host, resolve) : [host];
  for (const address of addresses) {
    const problem = problemOf(url, address, allowPrivate);
    if (problem !== undefined) throw new Error(`the receiver’s address is refused: ${problem}`);
  }
  return addresses;
}

function problemOf({ protocol }: URL, address: string, allowPrivate: boolean): string | undefined {
  return protocol === 'https:' ? addressProblem(address, allowPrivate) : clearTextProblem(address);
}

async function resolved(
  host: string,
  resolve: (hostname: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  let addresses: readonly string[] = [];
  try {
    addresses = [...(await resolve(host))];
  } catch (failure) {
    throw new Error(`the receiver’s name does not resolve${codeOf(failure)}`, { cause: failure });
  }
  if (addresses.length === 0) throw new Error('the receiver’s name has no address');
  return addresses;
}

function signedHeaders(
  keys: readonly Uint8Array[],
  { id, attemptedAt }: Notification,
  body: Uint8Array,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(attemptedAt / 1_000));
  return {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader(keys, { id, timestamp, body }),
  };
}

interface Posting {
  readonly url: URL;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
  readonly ca: string | undefined;
}

/** Sends one request to the address, and gives the status of its answer. */
function post({ url, address, headers, body, signal, ca }: Posting): Promise<number> {
  const isSecure = url.protocol === 'https:';
  const host = bareHost(url);
  const options: https.RequestOptions = {
    method: 'POST',
    // INVARIANT: the address itself, so that nothing resolves the name a second time.
    host: address,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host },
    agent: false,
    signal,
    // The certificate is for the name; for a bare address, for the address.
    ...(isSecure ? { servername: isIP(host) === 0 ? host : '', rejectUnauthorized: true } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? https : http).request(options, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', (failure) => {
      reject(new Error(`the request failed${codeOf(failure)}`, { cause: failure }));
    });
    request.end(body);
  });
}

function codeOf(failure: unknown): string {
  const code = failure instanceof Error && 'code' in failure ? String(failure.code) : '';
  return code === '' ? '' : `: ${code}`;
}
