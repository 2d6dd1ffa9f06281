/** One request to the store's thread, answered: errors become plain data that crosses threads. */
import { type LogPage, logPage } from '../../log/log-page.ts';
import { recordBytes } from '../../log/record-bytes.ts';
import type { RecordQuery } from '../storage.ts';
import { batchOf, contentColumns, entryColumns, recordColumns } from './columns.ts';
import type { RecordPage, SqliteDatabase } from './sqlite-database.ts';
import { failureOf } from './worker-protocol.ts';
import type { CallName, Calls, PageColumns, Reply, Request } from './worker-protocol.ts';

export function replyTo(database: SqliteDatabase, request: Request): Reply {
  try {
    return { id: request.id, output: answer(database, request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
}

function answer(database: SqliteDatabase, request: Request): Calls[CallName]['output'] {
  switch (request.call) {
    case 'open':
      return database.open(request.input);
    case 'append':
      return database.append(batchOf(request.input));
    case 'head':
      return database.head();
    case 'readEntries':
      return entryColumns(database.readEntries(request.input.from, request.input.limit));
    case 'readContents':
      return contentColumns(database.readContents(request.input.from, request.input.to));
    case 'readPage':
      return pageIn(database, request.input);
    case 'scanBytes':
      return bytesIn(database, request.input);
    case 'readRecords':
      return pageColumns(database.readRecords(request.input));
    case 'scanRecords':
      return pageColumns(database.scanRecords(request.input));
    case 'examine':
      return { problem: database.examine() };
    case 'close':
      database.close();
      return null;
  }
}

/** What a reply hands over: large pieces are not copied. */
export function transferOf(reply: Reply): readonly ArrayBuffer[] {
  const output = 'output' in reply ? reply.output : null;
  if (output === null) return [];
  if ('bytes' in output) return [output.bytes.buffer];
  return 'records' in output && 'bytes' in output.records ? [output.records.bytes.buffer] : [];
}

function pageIn(database: SqliteDatabase, { from, to }: Calls['readPage']['input']): LogPage {
  const entries = database.readEntries(from, to - from);
  const { bodies: _, ...page } = logPage(entries, database.readContents(from, to));
  return page;
}

function bytesIn(database: SqliteDatabase, query: RecordQuery): Calls['scanBytes']['output'] {
  const { head, records } = database.scanRecords(query);
  return { head, records: recordBytes(records) };
}

function pageColumns({ head, records }: RecordPage): PageColumns {
  return { head, records: recordColumns(records) };
}
