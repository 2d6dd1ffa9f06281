/** Reads JSON files that people wrote: strictly, and with the place of what is wrong. */
import { readFileSync } from 'node:fs';
import { type CanonicalLimits, parseStrictJson, StrictJsonError } from '../log/index.ts';
import { CommandError, messageOf } from './exit.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The value in the file, within the limits of arguments where no others are given. Throws a `CommandError`
 * with file, line and column where it is not strict JSON.
 */
export function readJsonFile(path: string, limits?: CanonicalLimits): unknown {
  let text: string;
  try {
    text = decoder.decode(readFileSync(path));
  } catch (failure) {
    const missing = (failure as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing
      ? `there is no file \`${path}\``
      : `\`${path}\` cannot be read: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
  try {
    return parseStrictJson(text, limits);
  } catch (failure) {
    if (!(failure instanceof StrictJsonError)) throw failure;
    const { line, column, message } = failure;
    throw new CommandError(`${path}:${line}:${column}: ${message}`, undefined, { cause: failure });
  }
}
