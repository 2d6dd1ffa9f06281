/** How every command is told which log of which store it works on; read without loading a store. */
import { InvalidArgumentError, Option } from 'commander';

export interface LogOptions {
  readonly log: string;
  /** Of a PostgreSQL database: the schema that holds the tables. */
  readonly schema?: string;
}

/** What the argument of a command is, in its help. */
export const storeText =
  'the file of a control plane, as given to `sqlite()`, or the `postgres://` URL of a database';

/** What would help whoever named no store, or none that is one. */
export const namingHelp = 'name the file given to `sqlite()`, or the URL given to `postgres()`';

export function logOption(): Option {
  return new Option('--log <name>', 'which log of the store').default('main').argParser(logName);
}

function logName(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It must be the name of a log.');
}

export function schemaOption(): Option {
  const text = 'which schema of the database (default: "agent_control_plane")';
  return new Option('--schema <name>', text);
}

/** Text without whoever signs in, and with what: URLs of databases carry it. */
export function withoutPasswords(text: string): string {
  return text
    .replaceAll(/(postgres[a-z+]*:(?:\/\/)?)\S*@/gi, '$1…@')
    .replaceAll(/((?:^|[?&\s])password=)[^&\s'"`]*/gi, '$1…');
}
