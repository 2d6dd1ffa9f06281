/** Packages that only some tests need, installed by the first of them that finds them missing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const shared = new Int32Array(new SharedArrayBuffer(4));

/**
 * Installs the packages of a folder below `test/e2e` unless `file` is there. Test files run side by side: one
 * installs, and the others wait for it. `npm install`, since `npm ci` refuses a lock file that lacks a package for
 * another platform. Scripts of what is installed do not run.
 */
export function installed(folder: string, file: string): string {
  // Of this run alone: one that was killed leaves nothing that the next would wait for.
  const lock = join(tmpdir(), `control-plane-install-${basename(folder)}-${process.ppid}`);
  while (!existsSync(file) || existsSync(lock)) {
    if (!isTaken(lock)) {
      Atomics.wait(shared, 0, 0, 200);
      continue;
    }
    try {
      if (existsSync(file)) continue;
      const words = ['install', '--no-save', '--ignore-scripts', '--prefix', folder];
      execFileSync('npm', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
  return file;
}

function isTaken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failure;
  }
}
