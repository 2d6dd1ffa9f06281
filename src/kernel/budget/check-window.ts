/**
 * Checks a window as people write it, and makes it ready for use; what does not check is refused whole, with
 * a sentence that says what is wrong.
 */
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import { calendarWindow } from './calendar-window.ts';
import type { CompiledWindow } from './window.ts';
import { openZone } from './zone.ts';

/** The window, ready for use, or a sentence that says what is wrong. */
export type WindowCheck = { readonly window: CompiledWindow } | { readonly problem: string };

type Members = Readonly<Record<string, unknown>>;

const kinds = {
  every: ['every', 'zone', 'weekStart'],
  everyMs: ['everyMs', 'from'],
  rollingMs: ['rollingMs'],
  bucketMs: ['bucketMs'],
} as const;
type Kind = keyof typeof kinds;

const kindNames = Object.keys(kinds) as readonly Kind[];
const oneOf = kindNames.map((name) => `\`${name}\``).join(', ');

/** `value` must be plain JSON data; what a `WindowDocument` may be is said there. */
export function checkWindow(value: unknown): WindowCheck {
  if (value === 'unlimited') return { window: { kind: 'unlimited' } };
  const given = membersOf(value);
  if (given === undefined) {
    return { problem: `a window must be \`unlimited\` or have one of ${oneOf}` };
  }
  const [kind, ...others] = kindNames.filter((each) => Object.hasOwn(given, each));
  if (kind === undefined || others.length > 0) {
    return { problem: `a window must have exactly one of ${oneOf}` };
  }
  const unknown = Object.keys(given).find((name) => !isMemberOf(kind, name));
  if (unknown !== undefined) {
    const known = kinds[kind].map((name) => `\`${name}\``).join(', ');
    return { problem: `a window with \`${kind}\` has no ${quoted(unknown)}; known are ${known}` };
  }
  return checks[kind](given);
}

function membersOf(value: unknown): Members | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Members) : undefined;
}

function isMemberOf(kind: Kind, name: string): boolean {
  return kinds[kind].some((known) => known === name);
}

const checks: Readonly<Record<Kind, (given: Members) => WindowCheck>> = {
  every: checkCalendar,
  everyMs: checkFixed,
  rollingMs: checkRolling,
  bucketMs: checkBucket,
};

function checkCalendar({ every, zone, weekStart }: Members): WindowCheck {
  if (every !== 'day' && every !== 'week' && every !== 'month') {
    return { problem: '`every` must be `day`, `week` or `month`' };
  }
  if (weekStart !== undefined && every !== 'week') {
    return { problem: `\`weekStart\` is for weeks, and \`every\` is \`${every}\`` };
  }
  if (weekStart !== undefined && weekStart !== 'monday' && weekStart !== 'sunday') {
    return { problem: '`weekStart` must be `monday` or `sunday`' };
  }
  const opened = typeof zone === 'string' ? openZone(zone) : undefined;
  if (opened === undefined) {
    const shown = zone === undefined ? 'is missing' : `${quoted(zone)} is not known`;
    return {
      problem: `\`zone\` ${shown}; it must be \`UTC\` or an exact IANA name such as \`Europe/Berlin\``,
    };
  }
  return { window: calendarWindow({ every, weekStart: weekStart ?? 'monday' }, opened) };
}

const { windowMsMin, windowMsMax, windowSlices, windowInstantMax } = limits;

function checkFixed({ everyMs, from = 0 }: Members): WindowCheck {
  if (!isWhole(everyMs, windowMsMin, windowMsMax)) return { problem: lengthProblem('everyMs') };
  if (!isWhole(from, 0, windowInstantMax)) {
    return { problem: `\`from\` must be a whole number of ms from 0 to ${windowInstantMax}` };
  }
  return { window: { kind: 'fixed', everyMs, from } };
}

function checkRolling({ rollingMs }: Members): WindowCheck {
  if (!isWhole(rollingMs, windowMsMin, windowMsMax) || rollingMs % windowSlices !== 0) {
    return { problem: `${lengthProblem('rollingMs')}, and a multiple of ${windowSlices}` };
  }
  return { window: { kind: 'rolling', rollingMs, sliceMs: rollingMs / windowSlices } };
}

function checkBucket({ bucketMs }: Members): WindowCheck {
  if (!isWhole(bucketMs, windowMsMin, windowMsMax)) return { problem: lengthProblem('bucketMs') };
  return { window: { kind: 'bucket', bucketMs } };
}

function lengthProblem(name: string): string {
  return `\`${name}\` must be a whole number of ms from ${windowMsMin} to ${windowMsMax}`;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return (
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
  );
}
