/**
 * One value, one text: RFC 8785 (JCS) canonical JSON, the bytes that every hash in the log is taken
 * of.
 *
 * Promises:
 * - Equal JSON values have equal text, whatever the order of their keys or the spelling of numbers.
 * - What JSON cannot say exactly is refused with a code and a path, never dropped or coerced. So
 *   `JSON.parse` of the text gives back the value that was passed, except that -0 comes back as 0.
 * - Each property is read exactly once. A getter or a Proxy may answer what it likes, but the text
 *   holds its only answer, and the text is what is decided on and run.
 * - Work and stack are bounded by the limits, whatever the value. (One thing JavaScript does not
 *   allow to bound: counting an object's keys lists them all.)
 *
 * It does not call `toJSON`, does not see non-enumerable properties, and does not normalise
 * Unicode: NFC and NFD are different values.
 */
import { bufferText, giveBackBuffer, takeBuffer, writeAscii, writeMark } from './text-buffer.ts';
import { writePlainString, writeUtf8 } from './text-buffer.ts';
import type { TextBuffer } from './text-buffer.ts';
import { jsonPath } from './json-path.ts';
import type { JsonPathStep } from './json-path.ts';

export interface CanonicalLimits {
  /** How deep arrays and objects may nest. The writer recurses: keep this below 1,000. */
  readonly depthMax: number;
  /** UTF-8 bytes of the canonical text. */
  readonly bytesMax: number;
  /** Members of all objects plus elements of all arrays. */
  readonly membersMax: number;
}

export const defaultCanonicalLimits: CanonicalLimits = Object.freeze({
  depthMax: 64,
  bytesMax: 262_144,
  membersMax: 10_000,
});

export type CanonicalJsonCode =
  | 'unsupported-type'
  | 'not-finite'
  | 'cyclic'
  | 'too-deep'
  | 'too-large'
  | 'too-many'
  | 'lone-surrogate'
  | 'forbidden-key';

export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
  readonly code: CanonicalJsonCode;
  readonly path: string;

  constructor(code: CanonicalJsonCode, path: string, reason: string, options?: ErrorOptions) {
    super(`${reason} at \`${path}\``, options);
    this.code = code;
    this.path = path;
  }
}

/** One pass over one value. The containers that are open are the depth and the path. */
interface Walk {
  readonly limits: CanonicalLimits;
  readonly output: TextBuffer;
  readonly open: object[];
  /** The member being written in each open container; entries past `open.length` are stale. */
  readonly steps: JsonPathStep[];
  members: number;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

export function canonicalJson(
  value: unknown,
  limits: CanonicalLimits = defaultCanonicalLimits,
): string {
  const output = takeBuffer();
  const walk: Walk = { limits, output, open: [], steps: [], members: 0 };
  try {
    writeValue(walk, value);
    if (output.length > limits.bytesMax) refuseSize(walk);
    return bufferText(output);
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw error;
    const options = { cause: error };
    throw new CanonicalJsonError('unsupported-type', pathOf(walk), 'reading it threw', options);
  } finally {
    giveBackBuffer(output);
  }
}

function writeValue(walk: Walk, value: unknown): void {
  switch (typeof value) {
    case 'string':
      writeString(walk, value);
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(walk, 'not-finite', `\`${value}\` is not a JSON number`);
      // ECMAScript's own number form is the one RFC 8785 prescribes; it writes -0 as 0.
      writeAscii(walk.output, String(value));
      return;
    case 'boolean':
      writeAscii(walk.output, value ? 'true' : 'false');
      return;
    case 'object':
      if (value === null) writeAscii(walk.output, 'null');
      else if (Array.isArray(value)) writeArray(walk, value);
      else writeObject(walk, value);
      return;
    default:
      refuse(walk, 'unsupported-type', `a value of type \`${typeof value}\` has no JSON form`);
  }
}

function writeString(walk: Walk, value: string): void {
  // Before any scan, so that a huge string costs nothing: its text cannot be shorter than it is.
  if (walk.output.length + value.length > walk.limits.bytesMax) refuseSize(walk);
  if (writePlainString(walk.output, value)) return;
  if (!value.isWellFormed()) {
    refuse(walk, 'lone-surrogate', 'a string with a lone surrogate has no UTF-8 form');
  }
  writeUtf8(walk.output, JSON.stringify(value));
}

function writeArray(walk: Walk, value: readonly unknown[]): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Every realm's own Array.prototype is itself an array; a subclass's prototype is not.
  if (prototype !== Array.prototype && !Array.isArray(prototype)) refuseInstance(walk);
  const { length } = value;
  enter(walk, value, length);
  // One key per element: fewer is a hole, more is an extra property.
  if (Object.keys(value).length !== length || hasSymbols(value)) {
    refuse(walk, 'unsupported-type', 'the array has holes or extra properties');
  }
  const depth = walk.open.push(value);
  if (length === 0) writeMark(walk.output, OPEN_BRACKET);
  for (let index = 0; index < length; index += 1) {
    walk.steps[depth - 1] = index;
    writeMark(walk.output, index === 0 ? OPEN_BRACKET : COMMA);
    writeValue(walk, value[index]);
  }
  writeMark(walk.output, CLOSE_BRACKET);
  walk.open.pop();
}

function writeObject(walk: Walk, value: object): void {
  if (!isPlainObject(value)) refuseInstance(walk);
  const names = Object.keys(value);
  enter(walk, value, names.length);
  if (hasSymbols(value)) refuse(walk, 'unsupported-type', 'the object has symbol keys');
  const depth = walk.open.push(value);
  if (names.length === 0) writeMark(walk.output, OPEN_BRACE);
  let separator = OPEN_BRACE;
  sortByCodeUnits(names);
  for (const name of names) {
    walk.steps[depth - 1] = name;
    if (name === '__proto__') refuse(walk, 'forbidden-key', 'the key `__proto__` is not allowed');
    writeMark(walk.output, separator);
    separator = COMMA;
    writeString(walk, name);
    writeMark(walk.output, COLON);
    writeValue(walk, (value as Readonly<Record<string, unknown>>)[name]);
  }
  writeMark(walk.output, CLOSE_BRACE);
  walk.open.pop();
}

function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).length > 0;
}

/** Above this many keys, inserting each in its place costs more than the engine's own sort. */
const insertedMax = 64;

/**
 * In place. Keys mostly arrive in order (the log's own nearly do), and then inserting each is one pass of
 * compares without garbage.
 */
function sortByCodeUnits(names: string[]): void {
  if (names.length > insertedMax) {
    names.sort();
    return;
  }
  for (let next = 1; next < names.length; next += 1) {
    const name = names[next] ?? '';
    let place = next;
    for (; place > 0 && (names[place - 1] ?? '') > name; place -= 1) {
      names[place] = names[place - 1] ?? '';
    }
    names[place] = name;
  }
}

/**
 * Plain means that no prototype but Object.prototype gives it meaning. Another realm's
 * Object.prototype is told by being a root that owns `hasOwnProperty`.
 */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  const isRoot = Object.getPrototypeOf(prototype) === null;
  return isRoot && Object.hasOwn(prototype as object, 'hasOwnProperty');
}

/** Every container is admitted here before any of its members is looked at. */
function enter(walk: Walk, container: object, members: number): void {
  const { limits, open } = walk;
  walk.members += members;
  if (walk.members > limits.membersMax) {
    refuse(walk, 'too-many', `more than ${limits.membersMax} members and elements`);
  }
  if (open.includes(container)) refuse(walk, 'cyclic', 'the value contains itself');
  if (open.length >= limits.depthMax) {
    refuse(walk, 'too-deep', `nested deeper than ${limits.depthMax}`);
  }
}

function refuseInstance(walk: Walk): never {
  refuse(walk, 'unsupported-type', 'only plain objects and arrays have a JSON form');
}

function refuseSize(walk: Walk): never {
  refuse(walk, 'too-large', `more than ${walk.limits.bytesMax} bytes`);
}

function refuse(walk: Walk, code: CanonicalJsonCode, reason: string): never {
  throw new CanonicalJsonError(code, pathOf(walk), reason);
}

function pathOf(walk: Walk): string {
  return jsonPath(walk.steps.slice(0, walk.open.length));
}
