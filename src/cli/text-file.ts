/** Reads text files that people wrote. */
import { readFileSync } from 'node:fs';
import { CommandError, messageOf } from './exit.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a file. Throws a `CommandError` where there is none, or it is not UTF-8. */
export function readTextFile(path: string): string {
  try {
    return decoder.decode(readFileSync(path));
  } catch (failure) {
    const missing = (failure as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing
      ? `there is no file \`${path}\``
      : `\`${path}\` cannot be read: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}
