/**
 * The SQLite store as a synchronous object. It blocks on every fsync, so hosts use it through the
 * worker thread of `sqlite-storage.ts`; scripts and tests may use it as it is.
 *
 * When `append` returns `appended`, the batch is in the write-ahead log and fsync has returned.
 * Several processes may use one file. A conflict keeps the write lock for some milliseconds, so
 * that the caller can read what others wrote, decide again and append without being overtaken
 * once more: contention is queued, not retried. A caller that has nothing to append after all
 * ends that with an empty batch. Not for network file systems: their locks do not hold.
 */
import { resolve } from 'node:path';
import { assertBatch, assertCount, assertKey, assertLimit, assertQuery } from '../rules.ts';
import { assertText, continues } from '../rules.ts';
import { StorageError } from '../storage.ts';
import type { AppendResult, Batch, Head, LogEnd, RecordKey, RecordQuery } from '../storage.ts';
import type { StoredContent, StoredEntry, StoredRecord } from '../storage.ts';
import { isOutdated } from './connection.ts';
import { problemIn } from './examine.ts';
import { fileIdsOf, openLog } from './open-log.ts';
import type { OpenLog } from './open-log.ts';
import { storageError } from './sqlite-errors.ts';
import type { CommitFate } from './sqlite-errors.ts';
import type { Mode, SqliteOptions } from './sqlite-options.ts';
import { endOf, frontierText, headOf } from './statements.ts';
import { WriteTurn } from './write-turn.ts';

/** How long a conflict keeps the write lock for the caller's next append. */
const claimMsMax = 20;

export interface RecordPage {
  readonly head: Head;
  readonly records: readonly StoredRecord[];
}

export class SqliteDatabase {
  readonly name: string;
  readonly #path: string;
  readonly #mode: Mode;
  readonly #turn: WriteTurn;
  #open: OpenLog | null = null;
  /** Runs out while a conflict's write transaction is still open. */
  #claim: NodeJS.Timeout | null = null;
  #sizeSeen = 0;

  constructor(path: string, options: SqliteOptions = {}) {
    // Once and for all: the host may change its directory.
    this.#path = path === '' || path === ':memory:' ? path : resolve(path);
    this.#mode = options.mode ?? 'read-write';
    this.#turn = new WriteTurn(options.busyTimeoutMs ?? 5_000);
    this.name = `sqlite ${path}`;
  }

  open(log: string): Head {
    assertText(log, 'log');
    if (this.#open !== null && this.#open.log !== log) {
      throw new TypeError(`${this.name} is open for log \`${this.#open.log}\``);
    }
    this.#open ??= this.#faultsNamed(() => this.#openLog(log));
    const head = this.head();
    this.#sizeSeen = head.size;
    return head;
  }

  append(batch: Batch): AppendResult {
    assertBatch(batch);
    if (batch.entries.length === 0 && batch.records.length === 0) {
      this.#dropClaim();
      const head = this.head();
      if (continues(batch, head)) return { status: 'appended' };
      return { status: 'conflict', size: head.size };
    }
    return this.#faultsNamed(() => {
      const end = this.#begin();
      if (!continues(batch, end)) {
        this.#claim ??= setTimeout(() => this.#dropClaim(), claimMsMax).unref();
        return { status: 'conflict', size: end.size };
      }
      try {
        this.#write(batch);
        this.#commit();
        this.#sizeSeen = batch.head.size;
        return { status: 'appended' };
      } finally {
        this.#leave();
      }
    });
  }

  head(): Head {
    return this.#read(({ statements, id }) => headOf(statements.head.get(id)));
  }

  readEntries(from: number, limit: number): readonly StoredEntry[] {
    assertCount(from, 'from');
    assertLimit(limit);
    return this.#read(({ statements, id }) => statements.entries(id, from, limit));
  }

  readContents(from: number, to: number): readonly StoredContent[] {
    assertCount(from, 'from');
    assertCount(to, 'to');
    return this.#read(({ statements, id }) => statements.contents(id, from, to));
  }

  readRecords(keys: readonly RecordKey[]): RecordPage {
    for (const key of keys) assertKey(key);
    return this.#read(({ statements, id }) => {
      const head = headOf(statements.head.get(id));
      const records: StoredRecord[] = [];
      for (const { kind, key } of keys) {
        const record = statements.record(id, kind, key);
        if (record !== undefined) records.push(record);
      }
      return { head, records };
    });
  }

  scanRecords(query: RecordQuery): RecordPage {
    assertQuery(query);
    return this.#read(({ statements, id }) => ({
      head: headOf(statements.head.get(id)),
      records: statements.scan(id, query),
    }));
  }

  /** See `Storage`. */
  examine(): string | undefined {
    return this.#read(({ database }) => problemIn(database));
  }

  close(): void {
    this.#dropClaim();
    this.#open?.database.close();
    this.#open = null;
  }

  /** Takes the write lock, unless a conflict left it with us; returns how the log ends under it. */
  #begin(): LogEnd {
    const { statements, id } = this.#opened();
    if (this.#claim === null) {
      this.#turn.take(() => {
        this.#assertSameFile();
        statements.beginWrite.run();
      });
    }
    try {
      const end = endOf(statements.end.get(id));
      const { size } = end;
      if (size !== this.#sizeSeen) this.#turn.sawOthers();
      this.#sizeSeen = size;
      return end;
    } catch (error) {
      this.#rollback();
      this.#leave();
      throw error;
    }
  }

  /** The write transaction has ended. */
  #leave(): void {
    clearTimeout(this.#claim ?? undefined);
    this.#claim = null;
    this.#turn.leave();
  }

  #dropClaim(): void {
    if (this.#claim === null) return;
    this.#rollback();
    this.#leave();
  }

  #write({ entries, contents, records, head }: Batch): void {
    const { statements, id } = this.#opened();
    try {
      for (const { index, body, leaf } of entries) {
        assertWritten(this.name, statements.insertEntry.run(id, index, body, leaf));
      }
      for (const { index, field, salt, text } of contents) {
        assertWritten(this.name, statements.insertContent.run(id, index, field, salt, text));
      }
      for (const { kind, key, parent, live, value } of records) {
        const row = [id, kind, key, parent, live ? 1 : 0, value] as const;
        const put = statements.putRecord.run(...row);
        if (put.changes === 0) assertWritten(this.name, statements.moveRecord.run(...row));
      }
      const { size, previous, root, frontier, at } = head;
      const headRow = [size, previous, root, frontierText(frontier), at, id] as const;
      assertWritten(this.name, statements.updateHead.run(...headRow));
      // CRASH: up to here nothing of the batch is in the file or its write-ahead log that
      // recovery would accept; the log is as before.
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #commit(): void {
    const { statements } = this.#opened();
    try {
      statements.commit.run();
      // CRASH: COMMIT returned after the fsync of the write-ahead log: the whole batch is durable.
    } catch (error) {
      // CRASH: inside COMMIT the batch is durable once the last frame is, and never in part.
      throw storageError(error, this.name, this.#rollback());
    }
  }

  /** Ends the transaction. Where SQLite had ended it by itself, nobody can tell how. */
  #rollback(): CommitFate {
    try {
      this.#opened().statements.rollback.run();
      return 'rolled-back';
    } catch {
      return 'unknown';
    }
  }

  /** Reads in one snapshot. */
  #read<T>(work: (open: OpenLog) => T): T {
    return this.#faultsNamed(() => {
      for (;;) {
        this.#leaveOutdated();
        const open = this.#opened();
        // Under a claim a transaction is open already, and nothing is written in it.
        if (this.#claim !== null) return work(open);
        this.#turn.patiently(() => open.statements.begin.run());
        try {
          const result = this.#turn.patiently(() => work(open));
          // A writer that came meanwhile may have changed pages under an immutable reader.
          if (!isOutdated(this.#path, open)) return result;
        } catch (error) {
          // Pages from before and after it need not fit together.
          if (!isOutdated(this.#path, open)) throw error;
        } finally {
          this.#rollback();
        }
      }
    });
  }

  /** A read-only file that somebody writes, or wrote, is opened anew, with its write-ahead log if any. */
  #leaveOutdated(): void {
    const open = this.#opened();
    if (!isOutdated(this.#path, open)) return;
    open.database.close();
    this.#open = this.#openLog(open.log);
  }

  /**
   * A commit into a file that was moved away or deleted would be durable where nobody looks, and so would one
   * into its write-ahead log. SQLite itself removes what is beside the file only when nobody has it open.
   */
  #assertSameFile(): void {
    const { files, fileIds } = this.#opened();
    if (fileIdsOf(files) === fileIds) return;
    const what = 'the file, or its -wal or -shm, was moved, deleted or replaced';
    throw new StorageError('unavailable', `${what}: open it anew`);
  }

  #openLog(log: string): OpenLog {
    return openLog(this.#path, this.#mode, this.#turn, log);
  }

  #opened(): OpenLog {
    if (this.#open === null) throw new StorageError('closed', `${this.name} is not open`);
    return this.#open;
  }

  #faultsNamed<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(error, this.name);
    }
  }
}

/** A trigger that somebody made since the file was opened keeps rows from being written, without a word. */
function assertWritten(name: string, { changes }: { readonly changes: number | bigint }): void {
  if (changes === 1) return;
  const message = 'the schema was tampered with: rows are not written';
  throw new StorageError('unsafe-settings', `${name}: ${message}`);
}
