/**
 * What a database's URL may ask for. The driver takes whatever it does not know without a word: a misspelt
 * `sslmode` would be a connection in the open, and a `schema` another one than was meant.
 */

/** Those that the driver `pg` reads. */
const parameters: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'fallback_application_name',
  'host',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'options',
  'password',
  'port',
  'query_timeout',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'statement_timeout',
  'uselibpqcompat',
  'user',
]);

/** Without a value, as where a template had none, the driver takes them for no encryption. */
const empties: ReadonlySet<string> = new Set(['ssl', 'sslmode']);

/** Whether `place` is meant as the URL of a database, and no path. */
export function isDatabaseUrl(place: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(place);
}

/** Throws a `TypeError` that names no value, nor what may be a part of a password. */
export function assertUrl(url: string): void {
  // The driver's own forms of a path to a socket.
  if (/^(?:socket:|\/)/.test(url)) return;
  const [, authority, path = '', rest = ''] = urlPattern.exec(url) ?? [];
  if (authority === undefined || !isReadable(url) || isSplit(path, rest)) {
    throw new TypeError(
      'the URL of the database cannot be read: it has one host and port, and what is special in its ' +
        'user and its password, such as / ? # @ %, is percent-encoded',
    );
  }
  const query = /^\?([^#]*)/.exec(rest)?.[1] ?? '';
  for (const [name, value] of new URLSearchParams(query)) {
    const named = rest.includes('@') ? 'a parameter' : `\`${name}\``;
    if (!parameters.has(name)) {
      throw new TypeError(
        `the URL of the database has ${named}, which its driver does not read: take it out`,
      );
    }
    if (empties.has(name) && value === '') {
      throw new TypeError(`the URL of the database has ${named} without a value: take it out`);
    }
  }
}

/** Behind the user, the password and the host: the database, and all else. */
const urlPattern = /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)(.*)$/is;

/** As the driver reads it, which lets a user stand before no host. */
function isReadable(url: string): boolean {
  return URL.canParse(url) || URL.canParse(url.replace('@/', '@host/'));
}

/**
 * Whether a password was split: a `/`, `?` or `#` in it ends the part that it stands in, and what comes
 * behind it would be taken for something that may be named.
 */
function isSplit(path: string, rest: string): boolean {
  return path.includes('@') || /^\?[^=&#]*@/.test(rest) || /#.*@/s.test(rest);
}
