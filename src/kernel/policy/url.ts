/**
 * URLs read one way only, so that a rule about hosts and the program that connects mean the same host.
 *
 * Read is `scheme://host`, with an optional port, and then nothing or a slash. Programs disagree about
 * everything else: user information, backslashes, control characters, encoded or non-ASCII hosts, trailing
 * dots, numbers that are an IPv4 address in disguise. All of that is an error and not a guess.
 */
export interface ParsedUrl {
  /** In lower case. */
  readonly scheme: string;
  /** In lower case. */
  readonly host: string;
}

const shape = /^([a-z][a-z0-9+.-]{0,31}):\/\/([^/?#@]+?)(?::([0-9]{1,5}))?(?:\/|$)/i;
const ambiguous = /[\\\u0000-\u0020\u007f-\u009f\u2028\u2029\ufeff]/;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const quad = /^(?:(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?!$)|$)){4}$/;
const hostLengthMax = 253;
const portMax = 65_535;

/** Schemes in which what stands after the slashes is no host. */
const withoutHost: ReadonlySet<string> = new Set(
  'about blob data file javascript mailto vbscript'.split(' '),
);

/** Scheme and host, or undefined where the text cannot be read one way only. */
export function parseUrl(text: string): ParsedUrl | undefined {
  if (ambiguous.test(text)) return undefined;
  const [, scheme = '', name = '', port = '0'] = shape.exec(text) ?? [];
  const host = name.toLowerCase();
  if (!isHost(host) || Number(port) > portMax) return undefined;
  const lower = scheme.toLowerCase();
  return withoutHost.has(lower) ? undefined : { scheme: lower, host };
}

/** Whether `host` is `domain` or below it, label by label; undefined where either is no host. */
export function isHostInside(host: string, domain: string): boolean | undefined {
  const outer = domain.toLowerCase();
  if (!isHost(host) || !isHost(outer)) return undefined;
  if (host === outer) return true;
  // An address has no names below it: 10.0.0.1 is not a part of anything that ends in 0.0.1.
  return !isNumeric(host) && host.endsWith(`.${outer}`);
}

/** A name of labels, or an IPv4 address in its plain form; in lower case. */
export function isHost(host: string): boolean {
  if (host.length === 0 || host.length > hostLengthMax) return false;
  return isNumeric(host) ? quad.test(host) : host.split('.').every((each) => label.test(each));
}

/** A host whose last label is a number is an IPv4 address to whoever connects. */
function isNumeric(host: string): boolean {
  return /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(host);
}
