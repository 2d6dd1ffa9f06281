/** When something ends, as people give it: in so many days, hours or minutes, or at a time. */
import { InvalidArgumentError } from 'commander';
import { timeOption } from './time-option.ts';

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30d`, `12h` and `45m` from now, a day, or an instant in UTC. */
export function expiryOption(text: string): Date {
  const [, count, unit] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd')) {
    return new Date(Date.now() + Number(count) * unitsMs[unit]);
  }
  try {
    return new Date(timeOption(text));
  } catch {
    throw new InvalidArgumentError(
      'It must be a time from now such as 30d, 12h or 45m, or a day or instant in UTC.',
    );
  }
}
