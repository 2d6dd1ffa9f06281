/**
 * What stands in brackets of its own in a CEL text. The parser takes `a == b < c` for `a == (b < c)`, where
 * CEL says that it is `(a == b) < c`; its tree does not show which of the two was written.
 */

/** A part of a text, as the parser gives it: without the brackets around it. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/** Comments and texts, in which brackets mean nothing, and brackets. */
const tokens =
  /\/\/[^\n]*|("""|''')(?:\\[^]|[^\\])*?\1|(["'])(?:\\[^]|[^\\])*?\2|(?<open>[([{])|(?<close>[)\]}])/g;

/** How many brackets are open at each character of a text that was parsed. */
export function openBrackets(text: string): Uint16Array {
  const open = new Uint16Array(text.length);
  let count = 0;
  let from = 0;
  for (const { index, groups } of text.matchAll(tokens)) {
    open.fill(count, from, index);
    from = index;
    if (groups?.['open'] !== undefined) count += 1;
    if (groups?.['close'] !== undefined) count -= 1;
  }
  return open.fill(count, from);
}

/** How many are open at the operator between two operands: beside it stand brackets of the operands alone. */
export function openBetween(open: Uint16Array, left: Part, right: Part): number {
  return Math.min(...open.subarray(left.end, right.start));
}
