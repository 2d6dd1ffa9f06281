/**
 * Calls of stores that wait until they are let through, one after the other in the order in which they were
 * made. A real store takes real time, and answers calls that are under way at once in an order of its own; so a
 * world in virtual time makes one call, lets all follow from its answer that can, and makes the next.
 */
import type { Storage } from '../../src/storage/storage.ts';

export class OneAtATime {
  readonly #waiting: (() => Promise<void>)[] = [];

  /** The same store, whose calls wait for `next`. */
  through(store: Storage): Storage {
    const wait = <T>(call: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        this.#waiting.push(() => call().then(resolve, reject));
      });
    return {
      name: store.name,
      durable: store.durable,
      open: (log) => wait(() => store.open(log)),
      append: (batch) => wait(() => store.append(batch)),
      head: () => wait(() => store.head()),
      readEntries: (from, limit) => wait(() => store.readEntries(from, limit)),
      readContents: (from, to) => wait(() => store.readContents(from, to)),
      readRecords: (keys) => wait(() => store.readRecords(keys)),
      scanRecords: (query) => wait(() => store.scanRecords(query)),
      close: () => wait(() => store.close()),
    };
  }

  /** Makes the call that has waited longest, and resolves when it was answered; false where none waits. */
  async next(): Promise<boolean> {
    const call = this.#waiting.shift();
    await call?.();
    return call !== undefined;
  }
}
