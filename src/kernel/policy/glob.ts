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
  if (pattern === '**') return () => true;
  if (pattern === '*') return (text) => !text.includes('/');
  const tokens = tokenize(pattern);
  return (text) => walk(tokens, text);
}

/** One compiled pattern or any of several. */
export function compileGlobs(patterns: string | readonly string[] | undefined): Matcher {
  if (patterns === undefined) return () => true;
  const matchers = (typeof patterns === 'string' ? [patterns] : patterns).map(compileGlob);
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (text) => matchers.some((matches) => matches(text));
}

type Token = 'any' | 'run' | 'one' | { readonly literal: string };

function tokenize(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const part of pattern.match(/\*+|\?|[^*?]/g) ?? []) {
    if (part === '?') tokens.push('one');
    else if (part === '*') tokens.push('run');
    else if (part.startsWith('*')) tokens.push('any');
    else tokens.push({ literal: part });
  }
  return tokens;
}

/** Set-of-states simulation: each position of the pattern is a state, so the cost is bounded. */
function walk(tokens: readonly Token[], text: string): boolean {
  let states = closure(tokens, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token === undefined) continue;
      if (token === 'any' || (token === 'run' && character !== '/')) next.add(state);
      else if (token === 'one' && character !== '/') next.add(state + 1);
      else if (typeof token === 'object' && token.literal === character) next.add(state + 1);
    }
    if (next.size === 0) return false;
    states = closure(tokens, next);
  }
  return states.has(tokens.length);
}

/** A star may match nothing: its successor is reached without a character. */
function closure(tokens: readonly Token[], states: Set<number>): Set<number> {
  for (const state of states) {
    const token = tokens[state];
    if (token === 'any' || token === 'run') states.add(state + 1);
  }
  return states;
}
