/**
 * Work that runs under a permit and that somebody waits for: it keeps its process alive, which the timer of
 * its time limit does not.
 *
 * Until it ends, is stopped, or the control plane closes: work that heeds no signal keeps nothing alive for
 * longer than it may run.
 */
import { stayAlive } from '../clock.ts';
import type { Core } from '../core/core.ts';

export async function attended<R>(
  core: Core,
  signal: AbortSignal,
  work: () => R | PromiseLike<R>,
): Promise<R> {
  const done = stayAlive();
  const unlisten = core.listen(() => {}, done);
  signal.addEventListener('abort', done, { once: true });
  try {
    return await work();
  } finally {
    done();
    unlisten();
    signal.removeEventListener('abort', done);
  }
}
