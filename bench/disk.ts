/** The disk: what one durable write costs here, whatever is built on it. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { awakeClock, machineMs } from './awake.ts';
import { percentile } from './spread.ts';

const block = Buffer.alloc(4_096, 'x');

export interface DiskTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Appends 4 KiB and waits for fdatasync, over and over. Blocks the thread, as an fsync does. */
export async function measureDisk(path: string, durationMs: number): Promise<DiskTimes> {
  const clock = await awakeClock();
  const file = openSync(path, 'w');
  const syncs: (readonly [from: number, to: number])[] = [];
  try {
    for (const end = machineMs() + durationMs; machineMs() < end;) {
      const start = machineMs();
      writeSync(file, block);
      fdatasyncSync(file);
      syncs.push([start, machineMs()]);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  await clock.settled();
  const times = syncs.map(([from, to]) => clock.between(from, to));
  times.sort((left, right) => left - right);
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}
