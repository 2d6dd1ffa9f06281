/** Opens a control plane's file to look at it: never creates or writes one, and says what is none. */
import { statSync } from 'node:fs';
import { sqlite } from '../storage/sqlite/sqlite-storage.ts';
import { type Head, type Storage, StorageError } from '../storage/storage.ts';
import { CommandError, messageOf } from './exit.ts';

export interface OpenLogFile {
  readonly storage: Storage;
  readonly head: Head;
}

/**
 * Opens log `log` of the file, hands it over, and closes it whatever happens. `name` is what messages call
 * the file, where that is not its path.
 */
export async function withLogFile<T>(
  path: string,
  log: string,
  use: (file: OpenLogFile) => Promise<T>,
  name = path,
): Promise<T> {
  assertFile(path);
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    const head = await storage.open(log);
    return await use({ storage, head });
  } catch (failure) {
    throw explained(failure, path, name, log);
  } finally {
    await storage.close().catch(() => {});
  }
}

function assertFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new CommandError(`there is no file \`${path}\``, 'name the file given to `sqlite()`');
  }
  if (!stat.isFile()) throw new CommandError(`\`${path}\` is not a file`);
}

/** A fault of the store in the words of somebody who has a file in front of them. */
export function explained(failure: unknown, path: string, name: string, log: string): unknown {
  if (!StorageError.is(failure)) return failure;
  const detail = failure.message.replace(`sqlite ${path}: `, '');
  const options = { cause: failure };
  switch (failure.code) {
    case 'not-a-control-plane':
      return new CommandError(
        `\`${name}\` is not a control plane's file: ${detail}`,
        'name the file given to `sqlite()`',
        options,
      );
    case 'schema-too-new':
      return new CommandError(`\`${name}\` was written by a newer release: ${detail}`, '', options);
    case 'unavailable':
      return detail.includes('has no log')
        ? new CommandError(`\`${name}\` has no log \`${log}\``, 'name it with `--log`', options)
        : new CommandError(`\`${name}\` cannot be opened: ${detail}`, '', options);
    case 'corrupt':
      return new CommandError(`\`${name}\` is damaged: ${detail}`, 'restore a backup', options);
    default:
      return new CommandError(`\`${name}\` cannot be read: ${detail}`, '', options);
  }
}

/** Whether a file was refused because its tables or triggers are not the ones it was made with. */
export function isAlteredSchema(failure: unknown): failure is CommandError {
  return (
    failure instanceof CommandError &&
    StorageError.is(failure.cause) &&
    failure.cause.code === 'unsafe-settings' &&
    messageOf(failure.cause).includes('schema was tampered')
  );
}
