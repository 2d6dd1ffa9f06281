/**
 * The envelope of a log entry, format 1: what every entry says about itself, whatever happened in
 * it.
 *
 * The body is canonical JSON of exactly the members of `Entry`. The leaf hash is taken of the
 * body's UTF-8 bytes, and each body names the leaf before it, so that bodies alone form a chain. A
 * format is frozen: any change of members is a new number, and a reader that meets a newer number
 * says so and stops, since guessing at an entry it does not understand would fold a wrong state.
 */
import { canonicalJson } from './canonical-json.ts';
import type { CanonicalLimits } from './canonical-json.ts';
import { isHash, leafHash } from './merkle.ts';

export const ENTRY_FORMAT = 1;

/**
 * Wide enough for the largest policy document, and for an agent beside what it was before; callers bound what
 * they put in more tightly. So many bytes have no more members.
 */
export const entryLimits: CanonicalLimits = Object.freeze({
  depthMax: 80,
  bytesMax: 8_388_608,
  membersMax: 4_194_304,
});

/** What happened, before it has a place in a log. */
export interface EntryDraft {
  /** Log time, ms since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly session?: string;
  /** Position within the session, from 1. Present if, and only if, the session is. */
  readonly sequence?: number;
  /** Id of the command that caused the entry. */
  readonly command: string;
  /** Who caused it. A JSON object. */
  readonly by: object;
  /** What happened. A JSON object. */
  readonly data: object;
}

export interface EntryPosition {
  readonly log: string;
  readonly index: number;
  /** Leaf hash of the entry before; null for index 0, and only there. */
  readonly previous: string | null;
}

export interface SealedEntry {
  readonly index: number;
  readonly body: string;
  readonly leaf: string;
}

export interface Entry extends EntryPosition {
  readonly format: typeof ENTRY_FORMAT;
  readonly at: number;
  readonly type: string;
  readonly session?: string;
  readonly sequence?: number;
  readonly command: string;
  readonly by: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
}

export type EntryErrorCode = 'unknown-format' | 'malformed';

export class EntryError extends Error {
  override readonly name = 'EntryError';
  readonly code: EntryErrorCode;

  constructor(code: EntryErrorCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
  }
}

/**
 * Gives a draft its place. Throws `EntryError` where the draft or the position has not the shape
 * that `readEntry` accepts, and `CanonicalJsonError` where a value has no canonical form.
 */
export function sealEntry(draft: EntryDraft, position: EntryPosition): SealedEntry {
  const { at, by, command, data, sequence, session, type } = draft;
  const { index, log, previous } = position;
  const format = ENTRY_FORMAT;
  // Members in canonical order, which saves the writer its sort.
  const hasSession = session !== undefined || sequence !== undefined;
  const entry = hasSession
    ? { at, by, command, data, format, index, log, previous, sequence, session, type }
    : { at, by, command, data, format, index, log, previous, type };
  assertEntry(entry);
  const body = canonicalJson(entry, entryLimits);
  return { index, body, leaf: leafHash(body) };
}

/** Reads a body back. Checks its shape, not that it is canonical: the leaf hash stands for that. */
export function readEntry(body: string): Entry {
  // An ill-formed string and its UTF-8 form would share one leaf hash.
  if (!body.isWellFormed()) throw new EntryError('malformed', 'the body has a lone surrogate');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new EntryError('malformed', 'the body is not JSON', { cause: error });
  }
  assertEntry(value);
  return value;
}

const memberCount = 9;
const memberCountInSession = 11;

function assertEntry(value: unknown): asserts value is Entry {
  if (!isObject(value)) throw new EntryError('malformed', 'the body is not an object');
  const { format } = value;
  if (format !== ENTRY_FORMAT) {
    const isNewer = Number.isSafeInteger(format) && (format as number) > ENTRY_FORMAT;
    const code = isNewer ? 'unknown-format' : 'malformed';
    const reason = `format \`${String(format)}\` is not ${ENTRY_FORMAT}`;
    throw new EntryError(code, isNewer ? `${reason}: a newer version wrote this entry` : reason);
  }
  const member = faultyMember(value);
  if (member !== undefined) {
    throw new EntryError('malformed', `the member \`${member}\` is missing or not of its kind`);
  }
  const count = value['session'] === undefined ? memberCount : memberCountInSession;
  if (Object.keys(value).length !== count) {
    throw new EntryError('malformed', 'the entry has members that its format does not know');
  }
}

/** The first member that is not what format 1 says. */
function faultyMember(value: Readonly<Record<string, unknown>>): string | undefined {
  const { index, previous, sequence, session } = value;
  if (!isName(value['log'])) return 'log';
  if (!isCount(index)) return 'index';
  if (index === 0 ? previous !== null : !isHash(previous)) return 'previous';
  if (!isCount(value['at'])) return 'at';
  if (!isName(value['type'])) return 'type';
  if (session === undefined ? sequence !== undefined : !isName(session)) return 'session';
  if (session !== undefined && (!isCount(sequence) || sequence === 0)) return 'sequence';
  if (!isName(value['command'])) return 'command';
  if (!isObject(value['by'])) return 'by';
  if (!isObject(value['data'])) return 'data';
  return undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
