/**
 * All texts in what an evaluator looks at: names of members, values, and numbers as JSON writes them, one a
 * line.
 *
 * Iterative, so that depth costs no stack, and bounded: more text than arguments may have is an
 * error, never looked at in part. A value that follows its name is on the next line, so that
 * patterns may look at both.
 */
import { limits } from '../kernel/index.ts';

/** One of the texts. Only a `value` is a text of its own; a name or a number is part of the structure. */
export interface ContentText {
  readonly kind: 'name' | 'value' | 'number';
  readonly text: string;
}

export function contentTexts(value: unknown): string {
  return joined(textsIn(value));
}

export function joined(texts: readonly ContentText[]): string {
  return texts.map(({ text }) => text).join('\n');
}

/** In the order in which they stand; a member's name comes before its value. */
export function textsIn(value: unknown): readonly ContentText[] {
  const texts: ContentText[] = [];
  let left = limits.argumentsBytesMax;
  const take = (kind: ContentText['kind'], text: string): void => {
    left -= text.length;
    if (left < 0) throw new RangeError('there is more text than arguments may have');
    texts.push({ kind, text });
  };
  const waiting: { readonly kind?: 'name'; readonly value: unknown }[] = [{ value }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { kind = 'value', value: at } = next;
    if (typeof at === 'string') take(kind, at);
    else if (typeof at === 'number') take('number', String(at));
    else if (Array.isArray(at)) {
      for (const element of at.toReversed()) waiting.push({ value: element });
    } else if (typeof at === 'object' && at !== null) {
      for (const [name, member] of Object.entries(at).toReversed()) {
        waiting.push({ value: member }, { kind: 'name', value: name });
      }
    }
  }
  return texts;
}
