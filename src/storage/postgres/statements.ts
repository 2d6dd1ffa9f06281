/** The statements that read and append, and how rows become what the contract says. */
import type { Batch, Head, News, RecordKey, RecordQuery, StoredRecord } from '../storage.ts';
import type { Parcel, ParcelName, ParcelState } from '../storage.ts';
import type { StoredContent, StoredEntry } from '../storage.ts';
import { StorageError } from '../storage.ts';
import { integerCell, textCell } from './cells.ts';
import type { Rows, Statement } from './connections.ts';
import { appendParameters } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';
import { textArray } from './text-array.ts';
import { partOnly, seesWhole } from './whole.ts';

export interface RecordPage {
  readonly head: Head;
  readonly records: readonly StoredRecord[];
}

export interface AppendTerms {
  /** Appends under settings that may lose commits, too. */
  readonly acceptUnsafe: boolean;
  /** Gives way to nobody. */
  readonly hasTurn: boolean;
  /** Notifies other processes. */
  readonly tell: boolean;
}

export class Statements {
  readonly #s: string;
  readonly #append: string;
  readonly #headColumns: string;

  /**
   * `anywhere`: whether a standby may answer. It can be behind, so that what it says of the head is no answer
   * for whoever goes on from there.
   */
  constructor(schema: SchemaName, anywhere: boolean) {
    this.#s = quoted(schema);
    const standby = anywhere ? 'false' : 'pg_is_in_recovery()';
    // With each head, since a role can be renamed, or have its rows taken, while it is at work.
    const whole = seesWhole(schema);
    this.#headColumns = `size, previous, root, frontier, at, ${standby}, ${whole}`;
    const places = appendParameters.map((_, at) => `$${at + 1}`).join(', ');
    this.#append = `SELECT ${this.#s}.append(${places})`;
  }

  openLog(name: string): Statement {
    return { text: `SELECT ${this.#s}.open_log($1)`, values: [name] };
  }

  head(log: number): Statement {
    return { text: `SELECT ${this.#headColumns} FROM ${this.#s}.log WHERE id = $1`, values: [log] };
  }

  /** Notifies other processes that the log has reached a size. */
  tell(schema: SchemaName, log: number, size: number): Statement {
    return { text: 'SELECT pg_notify($1, $2)', values: [schema, `${log} ${size}`] };
  }

  /** Answers with the size of the log before it: the batch's, where it was appended. */
  append(log: number, batch: Batch, terms: AppendTerms): Statement {
    const { entries, contents, head, parcels } = batch;
    const replies = parcels?.replies ?? [];
    const records = lastOfEach(batch.records);
    const values = [
      log,
      batch.expectedSize,
      batch.expectedPrevious,
      textArray(entries.map(({ body }) => body)),
      textArray(entries.map(({ leaf }) => leaf)),
      contents.map(({ index }) => index),
      textArray(contents.map(({ field }) => field)),
      textArray(contents.map(({ salt }) => salt)),
      textArray(contents.map((each) => each.text)),
      textArray(records.map(({ kind }) => kind)),
      textArray(records.map(({ key }) => key)),
      textArray(records.map(({ parent }) => parent)),
      records.map(({ live }) => live),
      textArray(records.map(({ value }) => value)),
      head.previous,
      head.root,
      head.frontier.join(' '),
      head.at,
      terms.acceptUnsafe,
      terms.hasTurn,
      terms.tell,
      parcels?.own?.sender ?? null,
      parcels?.own?.number ?? null,
      textArray(replies.map(({ sender }) => sender)),
      replies.map(({ number }) => number),
      textArray(replies.map(({ text }) => text)),
    ];
    return { text: this.#append, values };
  }

  entries(log: number, from: number, limit: number): Statement {
    return {
      text: `SELECT idx, body, leaf FROM ${this.#s}.entry
        WHERE log = $1 AND idx >= $2 ORDER BY idx LIMIT $3`,
      values: [log, from, limit],
    };
  }

  contents(log: number, from: number, to: number): Statement {
    return {
      text: `SELECT idx, field, salt, text FROM ${this.#s}.content
        WHERE log = $1 AND idx >= $2 AND idx < $3 AND text IS NOT NULL ORDER BY idx, field`,
      values: [log, from, to],
    };
  }

  /**
   * By the primary key, one key after the other: no plan over the whole table, whatever its statistics
   * say.
   */
  records(log: number, keys: readonly RecordKey[]): Statement {
    return {
      text: this.#withHead(`SELECT found.* FROM unnest($2::text[], $3::text[]) WITH ORDINALITY
        AS wanted (kind, key, place) CROSS JOIN LATERAL (
          SELECT kind, key, parent, live, value, wanted.place AS place FROM ${this.#s}.record
          WHERE log = $1 AND kind = wanted.kind COLLATE "C" AND key = wanted.key COLLATE "C" OFFSET 0
        ) AS found`),
      values: [log, textArray(keys.map(({ kind }) => kind)), textArray(keys.map(({ key }) => key))],
    };
  }

  scan(log: number, { kind, parent, live, after, limit }: RecordQuery): Statement {
    const values: unknown[] = [log, kind];
    const conditions = ['log = $1', 'kind = $2'];
    if (parent !== undefined) conditions.push(`parent = $${values.push(parent)}`);
    // Spelled out: an empty parent is in no index, and only this form lets the planner see it.
    if (parent !== undefined && parent !== '') conditions.push(`parent <> ''`);
    if (live !== undefined) conditions.push(live ? 'live' : 'NOT live');
    if (after !== undefined) conditions.push(`key > $${values.push(after)}`);
    const page = `SELECT kind, key, parent, live, value FROM ${this.#s}.record
      WHERE ${conditions.join(' AND ')} ORDER BY key LIMIT $${values.push(limit)}`;
    return {
      text: this.#withHead(`SELECT *, row_number() OVER (ORDER BY key) FROM (${page}) AS page`),
      values,
    };
  }

  /** Head, entries from an index on and records of one snapshot; `newsOf` reads it. */
  news(log: number, from: number, keys: readonly RecordKey[]): Statement {
    const { text, values = [] } = this.records(log, keys);
    return {
      text: `SELECT answer.*, NULL::text AS leaf FROM (${text}) AS answer
        UNION ALL SELECT NULL, NULL, NULL, NULL, body, idx, leaf FROM (
          SELECT body, idx, leaf FROM ${this.#s}.entry
          WHERE log = $1 AND idx >= $4 ORDER BY idx LIMIT ${newsMax}
        ) AS new`,
      values: [...values, from],
    };
  }

  entrust(log: number, { sender, number, text }: Parcel): Statement {
    const values = [log, sender, number, text];
    return { text: `SELECT ${this.#s}.entrust($1, $2, $3, $4)`, values };
  }

  /** Waits for whoever has the turn; `stateOf` reads the answer. */
  awaitReply(log: number, sender: string): Statement {
    return { text: `SELECT * FROM ${this.#s}.await_reply($1, $2)`, values: [log, sender] };
  }

  /** Those that wait, and the sender's own; `parcelsOf` and `stateOf` read it. */
  parcels(log: number, sender: string): Statement {
    return { text: `SELECT * FROM ${this.#s}.parcels($1, $2)`, values: [log, sender] };
  }

  /** Answers with the reply; null where it was taken back. */
  reclaim(log: number, { sender, number }: ParcelName): Statement {
    return { text: `SELECT ${this.#s}.reclaim($1, $2, $3)`, values: [log, sender, number] };
  }

  /** Head and records from one statement, and so from one snapshot. The head is the row at place 0. */
  #withHead(rows: string): string {
    return `SELECT * FROM (
      SELECT NULL AS kind, NULL AS key, NULL AS parent, NULL::boolean AS live,
        pg_catalog.json_build_array(${this.#headColumns})::text AS value, 0::bigint AS place
        FROM ${this.#s}.log WHERE id = $1
      UNION ALL ${rows}
    ) AS answer ORDER BY place`;
  }
}

/** A batch may write a record twice; one statement may not. */
function lastOfEach(records: readonly StoredRecord[]): readonly StoredRecord[] {
  return [...new Map(records.map((each) => [`${each.kind}\0${each.key}`, each])).values()];
}

/** How many entries come with a turn; whoever missed more reads on. */
const newsMax = 1_000;

export function newsOf(rows: Rows): News {
  const isEntry = (row: Rows[number]): boolean => row[6] !== null;
  const entries = rows
    .filter(isEntry)
    .map(([, , , , body, index, leaf]) => [index, body, leaf] as const);
  return {
    ...pageOf(rows.filter((row) => !isEntry(row))),
    entries: entriesOf(entries).toSorted((left, right) => left.index - right.index),
  };
}

/** The parcels of others that wait. */
export function parcelsOf(rows: Rows, own: string): readonly Parcel[] {
  return rows.flatMap(([sender, number, text]) => {
    if (text === null || sender === own) return [];
    return [
      {
        sender: textCell(sender, 'sender'),
        number: integerCell(number, 'number'),
        text: textCell(text, 'text'),
      },
    ];
  });
}

export function stateOf(rows: Rows, own: ParcelName): ParcelState {
  const isOwn = ([sender, number]: Rows[number]): boolean =>
    sender === own.sender && integerCell(number, 'number') === own.number;
  const [, , text, reply] = rows.find(isOwn) ?? [null, null, null, null];
  if (reply !== null) return { status: 'answered', text: textCell(reply, 'reply') };
  return { status: text === null ? 'gone' : 'waiting' };
}

export function headOf(rows: Rows): Head {
  const [row] = rows;
  if (row === undefined) throw new StorageError('corrupt', 'the log is gone');
  return headOfCells(row);
}

function headOfCells(cells: readonly unknown[]): Head {
  const [size, previous, root, frontier, at, standby, whole] = cells;
  if (standby === true) {
    throw new StorageError('read-only', 'the server is a standby: connect to the primary');
  }
  if (whole === false) throw partOnly();
  const hashes = textCell(frontier, 'frontier');
  return {
    size: integerCell(size, 'size'),
    previous: previous === null ? null : textCell(previous, 'previous'),
    root: textCell(root, 'root'),
    frontier: hashes === '' ? [] : hashes.split(' '),
    at: integerCell(at, 'at'),
  };
}

export function entriesOf(rows: Rows): readonly StoredEntry[] {
  return rows.map(([index, body, leaf]) => ({
    index: integerCell(index, 'idx'),
    body: textCell(body, 'body'),
    leaf: textCell(leaf, 'leaf'),
  }));
}

export function contentsOf(rows: Rows): readonly StoredContent[] {
  return rows.map(([index, field, salt, content]) => ({
    index: integerCell(index, 'idx'),
    field: textCell(field, 'field'),
    salt: textCell(salt, 'salt'),
    text: textCell(content, 'text'),
  }));
}

export function pageOf(rows: Rows): RecordPage {
  const [first, ...rest] = rows;
  if (first === undefined) throw new StorageError('corrupt', 'the log is gone');
  const cells: unknown = JSON.parse(textCell(first[4], 'head'));
  if (!Array.isArray(cells)) throw new StorageError('corrupt', 'the head is no list');
  const records = rest.map(([kind, key, parent, live, value]) => ({
    kind: textCell(kind, 'kind'),
    key: textCell(key, 'key'),
    parent: textCell(parent, 'parent'),
    live: live === true,
    value: textCell(value, 'value'),
  }));
  return { head: headOfCells(cells), records };
}
