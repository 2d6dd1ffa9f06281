/** Errand: many governed actions in a new process, and what they leave in memory. */
import { sqlite } from '../src/index.ts';
import { GovernedWork } from './governed-work.ts';

export interface MemoryWork {
  readonly path: string;
  readonly actions: number;
}

export async function run({ path, actions }: MemoryWork) {
  const work = await GovernedWork.open(sqlite(path));
  try {
    const start = heapMb();
    await work.drive(64, { actions: actions / 2 });
    const half = heapMb();
    await work.drive(64, { actions: actions / 2 });
    const whole = heapMb();
    const rssMb = process.memoryUsage().rss / 1e6;
    return { startHeapMb: start, halfHeapMb: half, wholeHeapMb: whole, rssMb };
  } finally {
    await work.plane.close();
  }
}

/** What is still reachable; without a collection it would be a random number. */
function heapMb(): number {
  if (globalThis.gc === undefined) throw new Error('this errand needs --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1e6;
}
