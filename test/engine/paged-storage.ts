/** A store that reads as bytes what `verify` looks at, as one does whose rows come from another thread. */
import { logPage } from '../../src/log/log-page.ts';
import { recordBytes } from '../../src/log/record-bytes.ts';
import type { Pages, Storage } from '../../src/storage/storage.ts';

export function withPages(storage: Storage): Storage {
  const pages: Pages = {
    entries: async (from, to) => {
      const entries = await storage.readEntries(from, to - from);
      const { bodies: _, ...page } = logPage(entries, await storage.readContents(from, to));
      return page;
    },
    records: async (query) => {
      const { head, records } = await storage.scanRecords(query);
      return { head, records: recordBytes(records) };
    },
  };
  return new Proxy(storage, {
    get: (target, name) => {
      if (name === 'pages') return pages;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
