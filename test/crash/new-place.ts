/** A place of its own for each test: in a schema where the run brought a PostgreSQL, else in a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { newSchema } from '../postgres/schema.ts';

export interface TestPlace {
  /** For `storeAt`. */
  readonly place: string;
  readonly remove: () => Promise<void>;
}

export async function newPlace(): Promise<TestPlace> {
  if (inject('postgresUrl') !== undefined) {
    const { url, schema, drop } = newSchema();
    return { place: `${url}#${schema}`, remove: drop };
  }
  const folder = await mkdtemp(join(tmpdir(), 'acp-race-'));
  return { place: join(folder, 'log.db'), remove: () => rm(folder, { recursive: true }) };
}
