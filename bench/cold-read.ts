/** Errand: reads a whole log in a process that has just started, and hashes and parses every entry: no more. */
import { hash } from 'node:crypto';
import { sqlite } from '../src/index.ts';
import { processorUs } from './processor.ts';

const pageSize = 1_000;

export async function run({ path, events }: { readonly path: string; readonly events: number }) {
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    await storage.open('main');
    let read = 0;
    for (;;) {
      const page = await storage.readEntries(read, pageSize);
      if (page.length === 0) break;
      for (const { body, leaf, index } of page) {
        const entry = JSON.parse(body) as { readonly index: number };
        const isWhole = hash('sha256', `\0${body}`, 'hex') === leaf && entry.index === index;
        if (!isWhole) throw new Error(`entry ${index} is not what its leaf says`);
      }
      read += page.length;
    }
    if (read < events) throw new Error(`the log has ${read} entries`);
    return { cpuUs: processorUs() / read };
  } finally {
    await storage.close();
  }
}
