/** Errand: verifies a whole log in a process that has just started. */
import { sqlite, verify } from '../src/index.ts';
import { awakeClock, machineMs } from './awake.ts';
import { processorUs } from './processor.ts';

export async function run({ path, events }: { readonly path: string; readonly events: number }) {
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    const clock = await awakeClock();
    const start = machineMs();
    const report = await verify(storage);
    const end = machineMs();
    await clock.settled();
    const seconds = clock.between(start, end) / 1_000;
    if (!report.holds || report.entries < events) {
      const { entries, faults } = report;
      throw new Error(
        `the log does not verify (${entries} entries: ${JSON.stringify(faults)}); ` +
          `where an older version built it, delete ${path}`,
      );
    }
    const peakMb = process.resourceUsage().maxRSS / 1_000;
    const cpuUs = processorUs() / report.entries;
    return { perSecond: report.entries / seconds, cpuUs, peakMb };
  } finally {
    await storage.close();
  }
}
