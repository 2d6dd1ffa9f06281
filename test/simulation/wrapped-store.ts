/** A store with another way to append: to watch what is committed, or to sabotage it. */
import type { Storage, Turns } from '../../src/storage/storage.ts';

export function wrapped(
  store: Storage,
  append: Storage['append'],
  watch: (turns: Turns) => Turns = (turns) => turns,
): Storage {
  return {
    name: store.name,
    durable: store.durable,
    get turns() {
      return store.turns === undefined ? undefined : watch(store.turns);
    },
    open: (log) => store.open(log),
    append,
    head: () => store.head(),
    readEntries: (from, limit) => store.readEntries(from, limit),
    readContents: (from, to) => store.readContents(from, to),
    readRecords: (keys) => store.readRecords(keys),
    scanRecords: (query) => store.scanRecords(query),
    close: () => store.close(),
  };
}
