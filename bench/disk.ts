/** The disk: what one durable write costs here, whatever is built on it. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { percentile } from './spread.ts';

const block = Buffer.alloc(4_096, 'x');

export interface DiskTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Appends 4 KiB and waits for fdatasync, over and over. Blocks the thread, as an fsync does. */
export function measureDisk(path: string, durationMs: number): DiskTimes {
  const file = openSync(path, 'w');
  const times: number[] = [];
  try {
    for (const end = performance.now() + durationMs; performance.now() < end;) {
      const start = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      times.push(performance.now() - start);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  times.sort((left, right) => left - right);
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}
