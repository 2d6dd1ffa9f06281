/**
 * Where processes that race keep their log: a SQLite file, or a schema of a PostgreSQL as `url#schema`, as one
 * argument of a program.
 */
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';

export function storeAt(place: string): Storage {
  const [url = '', schema] = place.split('#');
  return schema === undefined ? sqlite(place) : postgres(url, { schema });
}
