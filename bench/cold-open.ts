/** Errand: opens a log in a process that has just started, and says when (on the machine's clock). */
import { openControlPlane, sqlite } from '../src/index.ts';
import { machineMs } from './awake.ts';

export async function run({ path, events }: { readonly path: string; readonly events: number }) {
  // `performance.now()` counts from the start of the process.
  const startedAt = machineMs() - performance.now();
  const calledAt = machineMs();
  const plane = await openControlPlane({ storage: sqlite(path) });
  const openedAt = machineMs();
  const { size } = await plane.head();
  if (size < events) throw new Error(`the log has ${size} events and not ${events}`);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  await plane.close();
  return { startedAt, calledAt, openedAt, rssMb: rss / 1e6, heapMb: heapUsed / 1e6 };
}
