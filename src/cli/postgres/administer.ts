/** Brings a schema up to date and lets roles in, and says what was done. */
import * as owner from '../../storage/postgres/administer.ts';
import { StorageError } from '../../storage/storage.ts';
import { CommandError } from '../exit.ts';
import { type DatabasePlace, databaseOf, passwordHelp } from '../store-of.ts';
import { withoutPasswords } from '../store-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';

export interface AdministerOptions {
  readonly schema?: string;
  readonly json?: true;
}

export async function migrate(url: string, { schema, json }: AdministerOptions): Promise<void> {
  const place = databaseOf(url, schema);
  const { before, after } = await told(place, () => owner.migrateSchema(place));
  if (json === true) return print(jsonLine({ schema: place.schema, before, after }));
  const name = `schema \`${place.schema}\``;
  if (before === 0) return print(shown(`${name} was made, version ${after}`));
  if (before < after) return print(shown(`${name} went from version ${before} to ${after}`));
  return print(shown(`${name} has version ${after}: nothing was to be done`));
}

export async function letWorkerIn(
  url: string,
  role: string,
  { schema, json }: AdministerOptions,
): Promise<void> {
  const place = databaseOf(url, schema);
  assertRole(role);
  await told(place, () => owner.grantWorker(place, role));
  if (json === true)
    return print(jsonLine({ schema: place.schema, role, org: '*', appends: true }));
  return print(shown(`role \`${role}\` may append to logs of \`${place.schema}\` and read them`));
}

export async function letReaderIn(
  url: string,
  { role, org }: { readonly role: string; readonly org: string },
  { schema, json }: AdministerOptions,
): Promise<void> {
  const place = databaseOf(url, schema);
  assertRole(role);
  if (org === '') throw new CommandError('the org is empty', 'name one, or `*` for every org');
  await told(place, () => owner.grantReader(place, role, org));
  if (json === true) return print(jsonLine({ schema: place.schema, role, org, appends: false }));
  const what = org === '*' ? 'everything' : `what carries the org \`${org}\``;
  return print(shown(`role \`${role}\` may read ${what} in \`${place.schema}\``));
}

function assertRole(role: string): void {
  if (role === '') throw new CommandError('the role is empty', 'name one that exists');
}

/** Runs what asks the database. A fault of it is told as one of the database that was named. */
export async function told<T>({ name }: DatabasePlace, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (failure) {
    if (!StorageError.is(failure)) throw failure;
    const detail = withoutPasswords(failure.message.replace('postgres: ', ''));
    throw new CommandError(`\`${name}\`: ${detail}`, helpFor(detail), { cause: failure });
  }
}

function helpFor(detail: string): string {
  // By their codes: a server may speak another language.
  if (detail.includes('SQLSTATE 42704')) return 'make it first, with CREATE ROLE … LOGIN';
  return passwordHelp(detail);
}
