/**
 * All texts in what an evaluator looks at: names of members, values, and numbers as JSON writes them, one a
 * line.
 *
 * Iterative, so that depth costs no stack, and bounded: more text than arguments may have is an
 * error, never looked at in part. A value that follows its name is on the next line, so that
 * patterns may look at both.
 */
import { limits } from '../kernel/index.ts';

export function contentTexts(value: unknown): string {
  const lines: string[] = [];
  let left = limits.argumentsBytesMax;
  const take = (text: string): void => {
    left -= text.length;
    if (left < 0) throw new RangeError('there is more text than arguments may have');
    lines.push(text);
  };
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') take(next);
    else if (typeof next === 'number') take(String(next));
    else if (Array.isArray(next)) {
      for (let index = next.length - 1; index >= 0; index -= 1) waiting.push(next[index]);
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, member] of Object.entries(next).toReversed()) waiting.push(member, name);
    }
  }
  return lines.join('\n');
}
