/**
 * Folders for a while, which hold copies of what not everybody may read: gone with the process, also where
 * its reader goes away or somebody stops it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  readonly remove: () => void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = (): void => {
    process.off('exit', remove);
    for (const signal of signals) process.off(signal, stop);
    // A thread that still writes may put a file into what is just about to be empty.
    rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
  };
  /** Ends as if nobody had listened: whoever waits for the process is told by which signal. */
  const stop = (signal: NodeJS.Signals): void => {
    try {
      remove();
    } finally {
      process.kill(process.pid, signal);
    }
  };
  process.on('exit', remove);
  for (const signal of signals) process.on(signal, stop);
  return { path, remove };
}
