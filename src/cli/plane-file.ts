/** Opens a control plane on a file that is there, to act on it while agents run in other processes. */
import { type ControlPlane, openControlPlane } from '../engine/index.ts';
import { sqlite } from '../storage/sqlite/sqlite-storage.ts';
import { explained, withLogFile } from './log-file.ts';

/** Opens the log without any configuration, so that nothing is activated or registered by looking. */
export async function withControlPlane<T>(
  path: string,
  log: string,
  use: (plane: ControlPlane) => Promise<T>,
): Promise<T> {
  // The store would make a file or a log that is not there: whether they are is found out by reading alone.
  await withLogFile(path, log, async () => {});
  const plane = await openControlPlane({ storage: sqlite(path), log }).catch((failure: unknown) => {
    throw explained(failure, path, path, log);
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
