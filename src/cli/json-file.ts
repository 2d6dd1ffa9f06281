/** Reads JSON files that people wrote: strictly, and with the place of what is wrong. */
import { type CanonicalLimits, parseStrictJson, StrictJsonError } from '../log/index.ts';
import { CommandError } from './exit.ts';
import { readTextFile } from './text-file.ts';

/**
 * The value in the file, within the limits of arguments where no others are given. Throws a `CommandError`
 * with file, line and column where it is not strict JSON.
 */
export function readJsonFile(path: string, limits?: CanonicalLimits): unknown {
  const text = readTextFile(path);
  try {
    return parseStrictJson(text, limits);
  } catch (failure) {
    if (!(failure instanceof StrictJsonError)) throw failure;
    const { line, column, message } = failure;
    throw new CommandError(`${path}:${line}:${column}: ${message}`, undefined, { cause: failure });
  }
}
