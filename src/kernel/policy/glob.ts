/**
 * Globs: `*` is any run of characters but `/`, `**` any run, `?` one character but `/`. All else is literal.
 *
 * Matching costs at most text length times pattern length (a set of states walks the text once),
 * so no pattern can be made to backtrack.
 */
import { limits } from '../limits.ts';

const patternText = /^[\x21-\x7e]+$/;

/** Whether a pattern is well-formed: printable ASCII without spaces, not too long. */
export function isGlob(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= limits.resourceLengthMax && patternText.test(value)
  );
}

export function isLiteral(pattern: string): boolean {
  return !/[*?]/.test(pattern);
}

/** A compiled pattern: a function from text to whether it matches. */
export type Matcher = (text: string) => boolean;

export function compileGlob(pattern: string): Matcher {
  if (isLiteral(pattern)) return (text) => text === pattern;
  const [, before = '', run, after = ''] = oneRun.exec(pattern) ?? [];
  if (run !== undefined) return compileRun(before, after, run.length > 1);
  const prefix = pattern.slice(0, pattern.search(/[*?]/));
  const matches = compileWalk(tokenize(pattern.slice(prefix.length)));
  // Most patterns are decided by their literal start.
  return (text) => text.startsWith(prefix) && matches(text, prefix.length);
}

/** Literal text around one run, which is what most patterns are. */
const oneRun = /^([^*?]*)(\*+)([^*?]*)$/;

function compileRun(before: string, after: string, crossesSlashes: boolean): Matcher {
  const least = before.length + after.length;
  return (text) => {
    if (text.length < least || !text.startsWith(before) || !text.endsWith(after)) return false;
    if (crossesSlashes) return true;
    const slash = text.indexOf('/', before.length);
    return slash < 0 || slash >= text.length - after.length;
  };
}

/** One compiled pattern or any of several. */
export function compileGlobs(patterns: string | readonly string[] | undefined): Matcher {
  if (patterns === undefined) return () => true;
  const matchers = (typeof patterns === 'string' ? [patterns] : patterns).map(compileGlob);
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (text) => matchers.some((matches) => matches(text));
}

/** What a position of the pattern takes: a character's code, or one of these. */
const anyRun = -1;
const segmentRun = -2;
const oneCharacter = -3;
const slashCode = 0x2f;

function tokenize(pattern: string): readonly number[] {
  return (pattern.match(/\*+|[^*]/g) ?? []).map((part) => {
    if (part === '?') return oneCharacter;
    if (part === '*') return segmentRun;
    return part.startsWith('*') ? anyRun : part.charCodeAt(0);
  });
}

/**
 * Walks the text once with the set of positions the pattern may stand at, so the cost is bounded whatever
 * the pattern. A run stands at its own position and, because it may be empty, at the next one as well.
 */
function compileWalk(tokens: readonly number[]): (text: string, from: number) => boolean {
  const end = tokens.length;
  let standing = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  const enter = (positions: Uint8Array, position: number): void => {
    positions[position] = 1;
    const token = tokens[position];
    if (token === anyRun || token === segmentRun) positions[position + 1] = 1;
  };
  return (text, from) => {
    standing.fill(0);
    enter(standing, 0);
    for (let at = from, code; at < text.length; at += code > 0xffff ? 2 : 1) {
      // A character outside the basic plane is two code units, and one character to `?`.
      code = text.codePointAt(at) ?? 0;
      next.fill(0);
      let alive = false;
      for (let position = 0; position < end; position += 1) {
        if (standing[position] === 0) continue;
        const token = tokens[position];
        if (token === anyRun || (token === segmentRun && code !== slashCode)) enter(next, position);
        else if (token === code || (token === oneCharacter && code !== slashCode)) {
          enter(next, position + 1);
        } else continue;
        alive = true;
      }
      if (!alive) return false;
      [standing, next] = [next, standing];
    }
    return standing[end] === 1;
  };
}
