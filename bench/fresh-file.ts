/** Database files for one measurement: new or copied, on the disk by then, gone afterwards. */
import { closeSync, copyFileSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

let lastNumber = 0;

/** Calls `use` with a path at which nothing is; removes what it left there. */
export async function withFreshFile<T>(
  folder: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  return withFreshFiles(folder, ['only'], ({ only }) => use(only));
}

/** As `withFreshFile`, with a path for each name. */
export async function withFreshFiles<Name extends string, T>(
  folder: string,
  names: readonly Name[],
  use: (paths: Readonly<Record<Name, string>>) => Promise<T>,
): Promise<T> {
  const paths = names.map((name) => {
    lastNumber += 1;
    return [name, join(folder, `run-${process.pid}-${lastNumber}.db`)] as const;
  });
  try {
    return await use(Object.fromEntries(paths) as Record<Name, string>);
  } finally {
    for (const [, path] of paths) removeDatabase(path);
  }
}

/** Copies a closed database. Flushed, so that no later fsync pays for the copy. */
export function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to);
  const file = openSync(to, 'r+');
  fsyncSync(file);
  closeSync(file);
}

/** Removes what runs that were killed have left in the folder. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const processId = /^run-(\d+)-\d+\.db/.exec(name)?.[1];
    if (processId !== undefined && !isRunning(Number(processId))) rmSync(join(folder, name));
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}
