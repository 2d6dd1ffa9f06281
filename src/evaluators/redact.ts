/**
 * Takes out of a content what an evaluator finds in it: each place in a text value becomes a marker.
 *
 * What is found is found in all texts together, one a line, as evaluators see them: what begins in one value
 * and ends in another is taken out of both. Names of members and numbers stay as they are, since a content of
 * another shape is another content: whoever redacts has to look again at what is left.
 */
import { type ContentText, joined, textsIn } from './content-texts.ts';

/** A place in a text: UTF-16 code units, `end` not included. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

export interface Redacted {
  readonly content: unknown;
  /** Places that were taken out. */
  readonly count: number;
}

/** Throws what `find` throws, and a `TypeError` for what is no list of places in the text. */
export function redact(
  content: unknown,
  find: (text: string) => readonly TextSpan[],
  marker: string,
): Redacted {
  const texts = textsIn(content);
  const all = joined(texts);
  const spans = merged(find(all), all.length);
  if (spans.length === 0) return { content, count: 0 };
  const { rewritten, count } = rewrite(texts, spans, marker);
  return { content: withTexts(content, rewritten.values()), count };
}

/** In order, and without overlaps. What comes from an evaluator can be anything. */
function merged(spans: readonly TextSpan[], length: number): readonly TextSpan[] {
  const apart: { start: number; end: number }[] = [];
  const inOrder = Array.from(spans, ({ start, end }) => ({ start, end }));
  for (const { start, end } of inOrder.toSorted((left, right) => left.start - right.start)) {
    const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
    if (!whole || start < 0 || end <= start || end > length) {
      throw new TypeError(`${start} to ${end} is no place in the text`);
    }
    const last = apart.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else apart.push({ start, end });
  }
  return apart;
}

/** The text values as they are to be, in order, and how many places were taken out of some. */
function rewrite(
  texts: readonly ContentText[],
  spans: readonly TextSpan[],
  marker: string,
): { readonly rewritten: readonly string[]; readonly count: number } {
  const rewritten: string[] = [];
  const touched = new Set<TextSpan>();
  let from = 0;
  let next = 0;
  for (const { kind, text } of texts) {
    const to = from + text.length;
    while ((spans[next]?.end ?? Infinity) <= from) next += 1;
    let kept = '';
    let at = 0;
    for (let each = next; (spans[each]?.start ?? Infinity) < to; each += 1) {
      const span = spans[each];
      if (span === undefined || kind !== 'value') break;
      kept += text.slice(at, Math.max(at, span.start - from)) + marker;
      at = Math.min(text.length, span.end - from);
      touched.add(span);
    }
    if (kind === 'value') rewritten.push(kept + text.slice(at));
    from = to + 1;
  }
  return { rewritten, count: touched.size };
}

/** A copy with other text values. As deep as canonical JSON may be, and no deeper. */
function withTexts(value: unknown, texts: Iterator<string>): unknown {
  if (typeof value === 'string') return texts.next().value;
  if (Array.isArray(value)) return value.map((element) => withTexts(element, texts));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    return [name, withTexts(member, texts)] as const;
  });
  return Object.fromEntries(members);
}
