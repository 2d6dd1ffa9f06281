/** An entry that does not parse is a case for `verify`; other commands end there and say so. */
import { EntryError } from '../log/index.ts';
import { CommandError, messageOf } from './exit.ts';

/** What to throw of a failure to read entries. */
export function readingFailure(failure: unknown): unknown {
  if (!(failure instanceof EntryError)) return failure;
  return new CommandError(
    `an entry cannot be read: ${messageOf(failure)}`,
    '`agent-control-plane verify` names the first bad entry',
    { cause: failure },
  );
}
