/**
 * The tables, as numbered migrations. A published migration is never edited; a new one is added.
 *
 * Each runs in a transaction of its own. One that old code must not write under is `breaking`: it
 * MUST rename the table `log`, so that processes which still run old code fail at their next
 * statement, and code that does not know it refuses to open the file.
 *
 * Measured (64 entries, 64 contents, 130 records a commit): tables with a rowid take 1,500-byte
 * bodies in 0.83 ms and 3.6 kB an entry where WITHOUT ROWID takes 1.2 ms and 6.2 kB, because
 * index pages push what is longer than about 1 kB to pages of its own; shorter bodies are equal.
 *
 * The triggers are a seat belt against our own mistakes and careless hands. Who owns the file can
 * drop them; the hash chain and a head kept elsewhere are what shows tampering.
 *
 * Erasing a content is the one change the log's tables allow:
 * `UPDATE content SET salt = NULL, text = NULL WHERE log = ? AND idx = ?`, under
 * `PRAGMA secure_delete = ON`, which also overwrites the freed bytes.
 */

/** Marks a file as ours in SQLite's header: "ACP1". */
export const applicationId = 0x41435031;

export interface Migration {
  readonly number: number;
  readonly breaking: boolean;
  readonly statements: readonly string[];
}

const tables: readonly string[] = [
  `CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    breaking INTEGER NOT NULL,
    applied INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    previous TEXT,
    root TEXT NOT NULL,
    frontier TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE entry (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    body TEXT NOT NULL,
    leaf TEXT NOT NULL,
    PRIMARY KEY (log, idx)
  ) STRICT`,
  `CREATE TABLE content (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt TEXT,
    text TEXT,
    PRIMARY KEY (log, idx, field),
    CHECK ((salt IS NULL) = (text IS NULL))
  ) STRICT`,
  `CREATE TABLE record (
    log INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT NOT NULL,
    live INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (log, kind, key)
  ) STRICT`,
  `CREATE INDEX record_live ON record (log, kind, key) WHERE live = 1`,
  `CREATE INDEX record_parent ON record (log, parent, kind, key) WHERE parent <> ''`,
];

const triggers: readonly string[] = [
  `CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END`,
  `CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END`,
  // Stops INSERT OR REPLACE even on a connection without recursive_triggers.
  `CREATE TRIGGER entry_only_at_the_end BEFORE INSERT ON entry
  WHEN new.idx < (SELECT size FROM log WHERE id = new.log) BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END`,
  `CREATE TRIGGER content_comes_with_its_entry BEFORE INSERT ON content
  WHEN new.idx < (SELECT size FROM log WHERE id = new.log) BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not changed');
  END`,
  `CREATE TRIGGER content_is_only_erased BEFORE UPDATE ON content
  WHEN new.text IS NOT NULL OR new.log <> old.log OR new.idx <> old.idx
    OR new.field <> old.field BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not changed');
  END`,
  `CREATE TRIGGER content_never_goes BEFORE DELETE ON content BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not deleted');
  END`,
  `CREATE TRIGGER log_never_shrinks BEFORE UPDATE ON log
  WHEN new.size < old.size OR new.id <> old.id OR new.name <> old.name BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END`,
  `CREATE TRIGGER log_never_goes BEFORE DELETE ON log BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END`,
  `CREATE TRIGGER record_never_goes BEFORE DELETE ON record BEGIN
    SELECT RAISE(ABORT, 'a record is replaced, not deleted');
  END`,
];

export const migrations: readonly Migration[] = [
  { number: 1, breaking: true, statements: [...tables, ...triggers] },
];

/** The newest schema this code knows. */
export const schemaVersion = migrations.length;
