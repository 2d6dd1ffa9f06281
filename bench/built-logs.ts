/**
 * Logs of a given size, built once through the product's own write path and kept between runs.
 *
 * A file's name carries everything its content depends on, so that a changed schema, entry format
 * or workload builds a new one. Built files are opened, verified and copied, never appended to.
 */
import { hash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../src/index.ts';
import { ENTRY_FORMAT } from '../src/log/index.ts';
import { migrations, schemaVersion } from '../src/storage/sqlite/schema.ts';
import { removeDatabase } from './fresh-file.ts';
import { GovernedWork, workVersion } from './governed-work.ts';
import { progress } from './progress.ts';

const buildCallers = 512;
const actionsPerSession = 10_000;

/** Path of a log of `size` events (and up to 3 more, since an action has two). */
export async function builtLog(folder: string, size: number): Promise<string> {
  const schema = hash('sha256', JSON.stringify(migrations), 'hex').slice(0, 8);
  const key = `schema${schemaVersion}-${schema}-entry${ENTRY_FORMAT}-work${workVersion}`;
  const name = `log-${size}-${key}`;
  const path = join(folder, `${name}.db`);
  if (!existsSync(path)) {
    const unfinished = join(folder, `${name}-unfinished.db`);
    removeDatabase(unfinished);
    await build(unfinished, size);
    renameSync(unfinished, path);
  }
  return path;
}

async function build(path: string, size: number): Promise<void> {
  const started = performance.now();
  const work = await GovernedWork.open(sqlite(path));
  try {
    for (;;) {
      const head = await work.plane.head();
      const seconds = (performance.now() - started) / 1_000;
      const rate = Math.round(head.size / seconds);
      progress(`building a log of ${size} events: ${head.size} (${rate}/s)`);
      const missing = size - head.size;
      if (missing <= 0) break;
      const actions = Math.min(actionsPerSession, Math.ceil(missing / 2));
      await work.drive(buildCallers, { actions });
    }
  } finally {
    await work.plane.close();
  }
  if (existsSync(`${path}-wal`)) throw new Error('closing the built log left its WAL behind');
}

/** `1 k`, `1 M`: sizes as people say them. */
export function sizeName(events: number): string {
  if (events % 1_000_000 === 0) return `${events / 1_000_000} M`;
  return events % 1_000 === 0 ? `${events / 1_000} k` : String(events);
}
