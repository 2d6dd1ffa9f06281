/**
 * Time zones: which local day an instant belongs to, and at which instant a local day begins.
 *
 * The rules come from the time zone data that Node carries (`Intl`), which also knows offsets that are no
 * whole hours and days that a zone skipped. A local day is a whole number: days since 1970-01-01.
 *
 * A day begins at the first instant at which the local date has reached it. That is midnight, or the end of
 * the gap where the clock jumps over midnight, or the first of two midnights. A day that a zone skipped
 * begins where the next one does. The beginning of a day never depends on where one looks from, so a clock
 * that is set back over midnight does not reopen the day before.
 */
import { limits } from '../limits.ts';

export const dayMs = 86_400_000;

export interface Zone {
  /** The local date at an instant (ms since 1970 UTC), in days since 1970-01-01. */
  readonly dayAt: (at: number) => number;
  /** The instant at which a local day begins. */
  readonly startOfDay: (day: number) => number;
}

/** Zones that were opened, by the name that was accepted and by the name that `Intl` gives it. */
const opened = new Map<string, Zone>();

/** The zone of a name, or undefined where it is no exact IANA name of an area and a place, nor `UTC`. */
export function openZone(name: string): Zone | undefined {
  const known = opened.get(name);
  if (known !== undefined) return known;
  const format = isZoneName(name) ? formatOf(name) : undefined;
  if (format === undefined) return undefined;
  const own = format.resolvedOptions().timeZone;
  if (!isSpelledRight(name, own)) return undefined;
  const zone = opened.get(own) ?? zoneOf(format);
  opened.set(own, zone).set(name, zone);
  return zone;
}

/**
 * Names without a place are refused: `EST` and `+02:00` never change to summer time, `BST` is Bangladesh in
 * some tables, and `SystemV/` names are no IANA names.
 */
function isZoneName(name: string): boolean {
  if (name === 'UTC') return true;
  return name.length <= limits.zoneLengthMax && areaAndPlace.test(name);
}

const areaAndPlace = /^(?:US|[A-Z][a-z]+)(?:\/[A-Za-z0-9_+-]+){1,2}$/;

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
}

/**
 * Whether a name is spelled as in the IANA database, which `Intl` does not ask for: one zone, one spelling.
 * `Intl` tells the spelling of a name only where it is its own; an alias is held against the shape of names.
 */
function isSpelledRight(name: string, own: string): boolean {
  if (own.toLowerCase() === name.toLowerCase()) return own === name;
  return name
    .split('/')
    .every((part) => capitalised.test(part) && (odd.get(part.toLowerCase()) ?? part) === part);
}

/** Parts of aliases whose capitals their shape does not tell. */
const odd = new Map(
  ['ACT', 'BajaNorte', 'BajaSur', 'ComodRivadavia', 'DeNoronha', 'EasterIsland', 'GMT', 'Knox_IN']
    .concat(['LHI', 'NSW', 'UCT', 'US', 'UTC'])
    .map((part) => [part.toLowerCase(), part]),
);

const capitalised = /^(?:[A-Z]{2,3}(?:[+-]?[0-9]+)?|(?:[A-Z][a-z]+[_-]?)+(?:[A-Z]{2})?)$/;

/** Offsets lie from -12 to +14 hours; one more on each side, so that a change at a day's start is seen. */
const beforeMs = 15 * 3_600_000;
const afterMs = 13 * 3_600_000;

function zoneOf(format: Intl.DateTimeFormat): Zone {
  const offsetAt = (at: number): number => {
    const second = Math.floor(at / 1_000) * 1_000;
    return localTime(format, second) - second;
  };
  const startOfDay = (day: number): number => {
    const local = day * dayMs;
    const before = offsetAt(local - beforeMs);
    const after = offsetAt(local + afterMs);
    // The larger offset gives the earlier instant: where midnight comes twice, the first one counts.
    for (const offset of [Math.max(before, after), Math.min(before, after)]) {
      if (offsetAt(local - offset) === offset) return local - offset;
    }
    return jumpOver(local, local - after, local - before, offsetAt);
  };
  return { dayAt: (at) => Math.floor((at + offsetAt(at)) / dayMs), startOfDay };
}

/** The first instant in (`low`, `high`] with a local time of `local` or later, if the clock skips it. */
function jumpOver(
  local: number,
  low: number,
  high: number,
  offsetAt: (at: number) => number,
): number {
  let [early, late] = [low, high];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (middle + offsetAt(middle) < local) early = middle;
    else late = middle;
  }
  return late;
}

/** What the clock on the wall shows, as if it were UTC, in ms. */
function localTime(format: Intl.DateTimeFormat, second: number): number {
  const field: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(second)) field[type] = Number(value);
  const part = (name: string): number => field[name] ?? Number.NaN;
  return Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
}
