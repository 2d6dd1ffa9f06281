/** Times as people give them on the command line: an instant in UTC, or a day, which is where it begins. */
import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../kernel/model/catalogue-document.ts';

const day = /^\d{4}-\d{2}-\d{2}$/;

/** Log time (ms). */
export function timeOption(text: string): number {
  const at = parseInstant(day.test(text) ? `${text}T00:00:00Z` : text);
  if (at !== undefined) return at;
  throw new InvalidArgumentError(
    'It must be a day such as 2026-01-31, or an instant such as 2026-01-31T15:00:00Z, both in UTC.',
  );
}
