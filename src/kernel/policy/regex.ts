/**
 * Regular expressions in linear time: RE2 syntax, which has no backreferences and no lookaround, so that no
 * pattern and no text can make matching explode.
 */
import { RE2JS } from 're2js';
import { limits } from '../limits.ts';

export interface Regex {
  /** Whether the pattern is found anywhere in the text. */
  readonly found: (text: string) => boolean;
  /** Every place where it is found, in order and without overlaps: UTF-16 code units. */
  readonly spans: (text: string) => readonly { readonly start: number; readonly end: number }[];
  /** Steps that one character may cost. */
  readonly size: number;
}

/** Compiles a pattern, or says what is wrong with it. */
export function compileRegex(pattern: string): Regex | { readonly problem: string } {
  if (pattern.length > limits.regexLengthMax) {
    return { problem: `is longer than ${limits.regexLengthMax} characters` };
  }
  try {
    const compiled = RE2JS.compile(pattern);
    const size = compiled.programSize();
    if (size > limits.regexSizeMax) {
      return { problem: `compiles to ${size} steps, and ${limits.regexSizeMax} are the most` };
    }
    const spans = (text: string) => {
      const found: { readonly start: number; readonly end: number }[] = [];
      const matcher = compiled.matcher(text);
      while (matcher.find()) found.push({ start: matcher.start(), end: matcher.end() });
      return found;
    };
    return { found: (text) => compiled.test(text), spans, size };
  } catch (error) {
    return { problem: `is not accepted: ${error instanceof Error ? error.message : 'unreadable'}` };
  }
}
