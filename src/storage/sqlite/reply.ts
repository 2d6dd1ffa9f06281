/** One request to the store's thread, answered: errors become plain data that crosses threads. */
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
    case 'readRecords':
      return pageColumns(database.readRecords(request.input));
    case 'scanRecords':
      return pageColumns(database.scanRecords(request.input));
    case 'close':
      database.close();
      return null;
  }
}

function pageColumns({ head, records }: RecordPage): PageColumns {
  return { head, records: recordColumns(records) };
}
