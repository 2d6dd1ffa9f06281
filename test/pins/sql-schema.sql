PRAGMA application_id = 1094930481;

PRAGMA user_version = 1;

CREATE INDEX record_live ON record (log, kind, key) WHERE live = 1;

CREATE INDEX record_parent ON record (log, parent, kind, key) WHERE parent <> '';

CREATE TABLE content (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt TEXT,
    text TEXT,
    PRIMARY KEY (log, idx, field),
    CHECK ((salt IS NULL) = (text IS NULL))
  ) STRICT;

CREATE TABLE entry (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    body TEXT NOT NULL,
    leaf TEXT NOT NULL,
    PRIMARY KEY (log, idx)
  ) STRICT;

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    previous TEXT,
    root TEXT NOT NULL,
    frontier TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    breaking INTEGER NOT NULL,
    applied INTEGER NOT NULL
  ) STRICT;

CREATE TABLE record (
    log INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT NOT NULL,
    live INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (log, kind, key)
  ) STRICT;

CREATE TRIGGER content_comes_with_its_entry BEFORE INSERT ON content
  WHEN new.idx < (SELECT size FROM log WHERE id = new.log) BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not changed');
  END;

CREATE TRIGGER content_is_only_erased BEFORE UPDATE ON content
  WHEN new.text IS NOT NULL OR new.log <> old.log OR new.idx <> old.idx
    OR new.field <> old.field BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not changed');
  END;

CREATE TRIGGER content_never_goes BEFORE DELETE ON content BEGIN
    SELECT RAISE(ABORT, 'content can be erased, not deleted');
  END;

CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END;

CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END;

CREATE TRIGGER entry_only_at_the_end BEFORE INSERT ON entry
  WHEN new.idx < (SELECT size FROM log WHERE id = new.log) BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END;

CREATE TRIGGER log_never_goes BEFORE DELETE ON log BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END;

CREATE TRIGGER log_never_shrinks BEFORE UPDATE ON log
  WHEN new.size < old.size OR new.id <> old.id OR new.name <> old.name BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
  END;

CREATE TRIGGER record_never_goes BEFORE DELETE ON record BEGIN
    SELECT RAISE(ABORT, 'a record is replaced, not deleted');
  END;
