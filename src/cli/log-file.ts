/** Opens a control plane's store to look at it: never creates or writes anything, and says what is none. */
import { type Head, type Storage, StorageError } from '../storage/storage.ts';
import { CommandError, messageOf } from './exit.ts';
import { explained, type NamedStore, storeOf } from './store-of.ts';
import type { LogOptions } from './store-options.ts';

export interface OpenLogFile {
  readonly storage: Storage;
  readonly head: Head;
}

/** Opens a log of the store, hands it over, and closes it whatever happens. */
export function withLogFile<T>(
  place: string,
  { log, schema }: LogOptions,
  use: (file: OpenLogFile) => Promise<T>,
): Promise<T> {
  return withLog(storeOf(place, schema), log, use);
}

/** The same for a store that was named already, or that is looked at in a way of its own. */
export async function withLog<T>(
  store: NamedStore,
  log: string,
  use: (file: OpenLogFile) => Promise<T>,
): Promise<T> {
  const storage = store.look();
  try {
    const head = await storage.open(log);
    return await use({ storage, head });
  } catch (failure) {
    throw explained(failure, store, log);
  } finally {
    await storage.close().catch(() => {});
  }
}

/** Whether a store was refused because its tables or triggers are not the ones it was made with. */
export function isAlteredSchema(failure: unknown): failure is CommandError {
  return (
    failure instanceof CommandError &&
    StorageError.is(failure.cause) &&
    failure.cause.code === 'unsafe-settings' &&
    messageOf(failure.cause).includes('schema was tampered')
  );
}
