/** Errand: verifies a whole log in a process that has just started. */
import { sqlite, verify } from '../src/index.ts';

export async function run({ path, events }: { readonly path: string; readonly events: number }) {
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    const start = performance.now();
    const report = await verify(storage);
    const seconds = (performance.now() - start) / 1_000;
    if (!report.holds || report.entries < events) {
      const { entries, faults } = report;
      throw new Error(
        `the log does not verify (${entries} entries: ${JSON.stringify(faults)}); ` +
          `where an older version built it, delete ${path}`,
      );
    }
    const peakMb = process.resourceUsage().maxRSS / 1_000;
    return { seconds, perSecond: report.entries / seconds, peakMb };
  } finally {
    await storage.close();
  }
}
