/** Errand: opens a log in a process that has just started, and says what that took. */
import { openControlPlane, sqlite } from '../src/index.ts';

export async function run({ path, events }: { readonly path: string; readonly events: number }) {
  const start = performance.now();
  const plane = await openControlPlane({ storage: sqlite(path) });
  const end = performance.now();
  const { size } = await plane.head();
  if (size < events) throw new Error(`the log has ${size} events and not ${events}`);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  await plane.close();
  // `performance.now()` counts from the start of the process.
  return { openMs: end - start, sinceStartMs: end, rssMb: rss / 1e6, heapMb: heapUsed / 1e6 };
}
