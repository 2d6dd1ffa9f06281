/**
 * Which store a name on the command line means: the one place that decides it. What begins like the URL of a
 * PostgreSQL database is one; everything else is the path of a SQLite file.
 */
import { type Stats, statSync } from 'node:fs';
import { postgres } from '../storage/postgres/postgres-storage.ts';
import { defaultSchema, schemaName } from '../storage/postgres/schema-name.ts';
import { assertUrl, isDatabaseUrl } from '../storage/postgres/url.ts';
import { sqlite } from '../storage/sqlite/sqlite-storage.ts';
import { type Storage, StorageError } from '../storage/storage.ts';
import { CommandError, messageOf } from './exit.ts';
import { namingHelp, withoutPasswords } from './store-options.ts';

export interface NamedStore {
  readonly kind: 'sqlite' | 'postgres';
  /** What messages call it: the path, or where the URL leads, without whoever signs in there. */
  readonly name: string;
  /** What the store calls itself, in front of its messages. */
  readonly storageName: string;
  /** To look at: creates, migrates and writes nothing. */
  look(options?: LookOptions): Storage;
  /** To act on once. It would create what is missing: whoever acts looks first. */
  act(): Storage;
  /** To go on with, and to hear at once of what others do; makes what is missing. */
  run(): Storage;
}

interface LookOptions {
  /** Reads a PostgreSQL schema whose triggers or functions were altered, too. */
  readonly acceptAlteredSchema?: boolean;
}

/** Throws a `CommandError` for what can be neither, such as a path at which nothing is. */
export function storeOf(place: string, schema: string | undefined): NamedStore {
  if (isDatabaseUrl(place)) return databaseAt(place, schema);
  if (schema !== undefined) {
    throw new CommandError('`--schema` is for PostgreSQL, and this is no URL', namingHelp);
  }
  assertFile(place);
  return fileAt(place);
}

/** The same for a store that need not be there yet. */
export function storeToRun(place: string, schema: string | undefined): NamedStore {
  return isDatabaseUrl(place) || schema !== undefined ? storeOf(place, schema) : fileAt(place);
}

function fileAt(path: string): NamedStore {
  return {
    kind: 'sqlite',
    name: path,
    storageName: sqlite(path).name,
    look: () => sqlite(path, { mode: 'read-only' }),
    act: () => sqlite(path),
    run: () => sqlite(path),
  };
}

export interface DatabasePlace {
  readonly url: string;
  readonly schema: string;
  /** See `NamedStore`. */
  readonly name: string;
}

/** For commands that are about PostgreSQL. */
export function databaseOf(place: string, schema: string | undefined): DatabasePlace {
  if (!isDatabaseUrl(place)) {
    const help = 'such as postgres://user@host:5432/database; the password from PGPASSWORD';
    throw new CommandError('it is not the URL of a PostgreSQL database', help);
  }
  return { url: checkedUrl(place), schema: checkedSchema(schema), name: nameOf(place, schema) };
}

function databaseAt(place: string, schema: string | undefined): NamedStore {
  const url = checkedUrl(place);
  const options = { schema: checkedSchema(schema) };
  return {
    kind: 'postgres',
    name: nameOf(url, schema),
    storageName: postgres(url, options).name,
    look: (more = {}) => postgres(url, { ...options, mode: 'read-only', ...more }),
    // One command waits for nobody's commits but its own.
    act: () => postgres(url, { ...options, listen: false }),
    run: () => postgres(url, options),
  };
}

function checkedSchema(schema = defaultSchema as string): string {
  try {
    return schemaName(schema);
  } catch (failure) {
    throw new CommandError(messageOf(failure), 'see `--schema`', { cause: failure });
  }
}

function checkedUrl(url: string): string {
  try {
    assertUrl(url);
    return url;
  } catch (failure) {
    const help = /[?&]schema=/.test(url) ? 'name the schema with `--schema`' : undefined;
    throw new CommandError(messageOf(failure), help, { cause: failure });
  }
}

function nameOf(url: string, schema = defaultSchema as string): string {
  const { host, pathname } = URL.parse(url) ?? {};
  const where = host === undefined ? withoutPasswords(url) : `postgres://${host}${pathname}`;
  return schema === defaultSchema ? where : `${where} schema ${schema}`;
}

function assertFile(path: string): void {
  const stat = lookedAt(path);
  if (stat === undefined) throw new CommandError(`there is no file \`${path}\``, namingHelp);
  if (!stat.isFile()) throw new CommandError(`\`${path}\` is not a file`);
}

/** What is at a path, or undefined; a folder without the right to look into it is no fault of ours. */
function lookedAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (failure) {
    const message = `\`${path}\` cannot be read: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}

/** What helps where a database wants a password, or another one. */
export function passwordHelp(detail: string): string {
  return /password|SQLSTATE 28P01/.test(detail) ? 'set PGPASSWORD, or keep it in ~/.pgpass' : '';
}

function helpToOpen({ kind }: NamedStore, detail: string): string {
  return kind === 'postgres' ? passwordHelp(detail) : '';
}

/** A fault of the store in the words of somebody who has a file or a database in front of them. */
export function explained(failure: unknown, store: NamedStore, log: string): unknown {
  if (!StorageError.is(failure)) return failure;
  const { name, storageName } = store;
  const detail = withoutPasswords(failure.message.replace(`${storageName}: `, ''));
  const options = { cause: failure };
  switch (failure.code) {
    case 'not-a-control-plane': {
      const what = store.kind === 'sqlite' ? "a control plane's file" : "a control plane's schema";
      return new CommandError(`\`${name}\` is not ${what}: ${detail}`, namingHelp, options);
    }
    case 'schema-too-new':
      return new CommandError(`\`${name}\` was written by a newer release: ${detail}`, '', options);
    case 'unavailable':
      return detail.includes('has no log')
        ? new CommandError(`\`${name}\` has no log \`${log}\``, 'name it with `--log`', options)
        : new CommandError(
            `\`${name}\` cannot be opened: ${detail}`,
            helpToOpen(store, detail),
            options,
          );
    case 'corrupt':
      return new CommandError(`\`${name}\` is damaged: ${detail}`, 'restore a backup', options);
    case 'busy': {
      const help = 'try again once it has written what it writes';
      return new CommandError(`\`${name}\` is held by another process: ${detail}`, help, options);
    }
    case 'read-only':
    case 'disk-full': {
      const help =
        store.kind === 'sqlite' && failure.code === 'read-only'
          ? 'whoever acts needs the right to write the file, and to make files beside it'
          : '';
      return new CommandError(`\`${name}\` cannot be written: ${detail}`, help, options);
    }
    default:
      return new CommandError(`\`${name}\` cannot be read: ${detail}`, '', options);
  }
}
