/**
 * Commands that one process leaves to another, and the answers that come back, as text.
 *
 * Whoever decides a command has to know all that is in it. A release reads the parcels of its own kind only:
 * what another one left is decided by whoever left it. So is what makes no sense here.
 */
import type { Command } from '../../kernel/index.ts';
import type { Parcel, ParcelName } from '../../storage/storage.ts';
import type { Answered, Outcome, Submission } from './batch.ts';

/**
 * Raise it when commands, contents or answers change their shape, which `test/pins/parcel-shape.txt` has, or
 * their meaning.
 */
const parcelFormat = 1;

/** A parcel of another process. */
export interface LeftParcel {
  readonly name: ParcelName;
  readonly submissions: readonly Submission[];
}

/** What comes back. */
export interface ParcelReply {
  /** Null stands for a command that its sender has to decide. */
  readonly answers: readonly (Answered | null)[];
  /** Index behind the last event in the log that stops work, or that somebody may wait for. */
  readonly urgentTo: number;
}

export function parcelText(submissions: readonly Submission[]): string {
  const commands = submissions.map(({ command, contents }) => ({ command, contents }));
  return JSON.stringify({ format: parcelFormat, commands });
}

/**
 * What is in the parcels, as far as there is room for so many commands, and as `isKnown` says of all that are
 * in one that they can be decided here.
 */
export function readParcels(
  parcels: readonly Parcel[],
  room: number,
  isKnown: (commands: readonly Command[]) => boolean,
): readonly LeftParcel[] {
  let left = room;
  return parcels.flatMap(({ sender, number, text }) => {
    const submissions = submissionsIn(text);
    if (submissions === undefined || submissions.length > left) return [];
    if (!isKnown(submissions.map(({ command }) => command))) return [];
    left -= submissions.length;
    return [{ name: { sender, number }, submissions }];
  });
}

function submissionsIn(text: string): readonly Submission[] | undefined {
  try {
    const { format, commands } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (format !== parcelFormat || !Array.isArray(commands)) return undefined;
    return commands.every(isSubmission) ? commands : undefined;
  } catch {
    return undefined;
  }
}

/** What is kept beside the log is looked at closely: a store takes a batch as a whole, or nothing of it. */
function isSubmission(value: unknown): value is Submission {
  const { command, contents } = value as Readonly<Record<keyof Submission, unknown>>;
  if (!isRecord(command) || !isStorable(command['id']) || !isRecord(command['by'])) return false;
  if (!Array.isArray(contents) || !contents.every(isRecord)) return false;
  const fields = new Set(contents.map(({ field }) => field));
  return (
    fields.size === contents.length &&
    contents.every(({ field, salt, text }) => [field, salt, text].every(isStorable))
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Whether every store can keep it. */
export function isStorable(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

/** The answers to parcels, whose outcomes come one parcel after the other. */
export function repliesTo(
  left: readonly LeftParcel[],
  outcomes: readonly Outcome[],
  urgentTo: number,
): readonly Parcel[] {
  let from = 0;
  return left.map(({ name, submissions }) => {
    const own = outcomes.slice(from, from + submissions.length);
    from += submissions.length;
    const answers = own.map((each) => ('answered' in each ? each.answered : null));
    return { ...name, text: JSON.stringify({ answers, urgentTo } satisfies ParcelReply) };
  });
}

export function replyIn(text: string): ParcelReply {
  return JSON.parse(text) as ParcelReply;
}
