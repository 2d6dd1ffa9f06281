/**
 * Breaks text into lines that a terminal does not break again: a line that runs over goes on at the left
 * edge, where a card's own lines begin.
 *
 * Widths are in cells and never below what a terminal takes. East Asian Wide and Fullwidth characters (UAX
 * #11) and emoji take two; so does, here, all else from U+2000 on but general punctuation and the brackets of
 * escapes, because terminals differ on it. Combining marks count one, although most take none.
 */

/** Cells that one character takes at most. */
function cellsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x2000) return code >= 0x1100 && code <= 0x115f ? 2 : 1;
  const isNarrow = (code >= 0x2010 && code <= 0x2027) || code === 0x27e6 || code === 0x27e7;
  return isNarrow ? 1 : 2;
}

/** Cells that a text without control characters takes at most. */
export function cellWidth(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** What is not broken: an escape, or a character with the combining marks on it. */
const piece = /⟦U\+[0-9A-F]+⟧|[^]\p{M}*/gu;
/** Escapes of line breaks: the text goes on in a new line behind the last of them. */
const lineBreak = /^⟦U\+(?:000[ABCD]|0085|202[89])⟧$/;

/**
 * Lines of at most `width` cells, which MUST be 16 or more. The lines together are the text: nothing is added
 * and nothing dropped. They break behind a space where there is one in the last half of a line.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let cells = 0;
  const endLine = (rest = ''): void => {
    lines.push(line.slice(0, line.length - rest.length));
    line = rest;
    cells = cellWidth(rest);
  };
  let wasBreak = false;
  for (const [next] of text.matchAll(piece)) {
    const isBreak = lineBreak.test(next);
    if (wasBreak && !isBreak) endLine();
    wasBreak = isBreak;
    const nextCells = cellWidth(next);
    if (cells + nextCells > width) endLine(lastWord(line));
    // The word alone may be too long for what comes next.
    if (cells + nextCells > width) endLine();
    line += next;
    cells += nextCells;
  }
  return [...lines, line];
}

/** What stands behind the last space, where that is in the last half of the line. */
function lastWord(line: string): string {
  const start = line.lastIndexOf(' ') + 1;
  return start > line.length / 2 ? line.slice(start) : '';
}
