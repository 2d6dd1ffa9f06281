/** Opens a control plane on a store that is there, to act on it while agents run in other processes. */
import { type ControlPlane, openControlPlane } from '../engine/index.ts';
import { withLog } from './log-file.ts';
import { explained, storeOf } from './store-of.ts';
import type { LogOptions } from './store-options.ts';

/** Opens the log without any configuration, so that nothing is activated or registered by looking. */
export async function withControlPlane<T>(
  place: string,
  { log, schema }: LogOptions,
  use: (plane: ControlPlane) => Promise<T>,
): Promise<T> {
  const store = storeOf(place, schema);
  // The store would make a file or a log that is not there: whether they are is found out by reading alone.
  await withLog(store, log, async () => {});
  const plane = await openControlPlane({ storage: store.act(), log }).catch((failure: unknown) => {
    throw explained(failure, store, log);
  });
  let result: T;
  try {
    result = await use(plane);
  } catch (failure) {
    await plane.close().catch(() => {});
    throw failure;
  }
  await plane.close();
  return result;
}
