/**
 * Work of a size that others choose, such as holding arguments against a schema. A few bytes can say enough
 * of it for years, and nothing else of the process runs meanwhile, no kill switch either: it is ended after
 * its time. That takes 0.2 ms by itself.
 */
import { type Context, createContext, Script } from 'node:vm';
import { limits } from '../kernel/index.ts';

/** Only to have an end: all that runs there is our own. */
interface Place extends Context {
  work?: (() => unknown) | undefined;
}

const running = new Script('work()');
let place: Place | undefined;

/** Throws an error that says `what` takes too long. */
export function withinTime<T>(what: string, work: () => T): T {
  const { matchingMs } = limits;
  place ??= createContext({});
  place.work = work;
  try {
    return running.runInContext(place, { timeout: matchingMs }) as T;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw failure;
    throw new Error(`${what} takes longer than ${matchingMs} ms`, { cause: failure });
  } finally {
    place.work = undefined;
  }
}
