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

/** Throws a `TypeError` that names no value. */
export function assertUrl(url: string): void {
  const query = /^postgres(?:ql)?:\/\/[^?#]*\?([^#]*)/.exec(url)?.[1] ?? '';
  for (const name of new URLSearchParams(query).keys()) {
    if (!parameters.has(name)) {
      throw new TypeError(
        `the URL of the database has \`${name}\`, which its driver does not read: take it out`,
      );
    }
  }
}
