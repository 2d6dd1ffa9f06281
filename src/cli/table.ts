/** Tables without lines: they read well on a screen, and in a file or mail just the same. */
import Table from 'cli-table3';
import type { Colors } from './terminal.ts';

const sides = ['top', 'bottom', 'mid'].flatMap((side) => [
  side,
  `${side}-mid`,
  `${side}-left`,
  `${side}-right`,
]);
const borderless = Object.fromEntries(
  [...sides, 'left', 'left-mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((name) => [
    name,
    '',
  ]),
);

/** Cells have to be safe to show. The last column is broken between words to fit `width`, if given. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
  width?: number,
): string {
  const last = head.length - 1;
  const others = head.slice(0, last).map((name, column) => {
    const lengths = rows.map((row) => row[column]?.length ?? 0);
    return Math.max(name.length, ...lengths) + 2;
  });
  const left = others.reduce((sum, each) => sum + each, 0);
  const table = new Table({
    head: head.map((name) => colors.bold(name)),
    chars: borderless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    ...(width === undefined
      ? {}
      : { colWidths: [...others, Math.max(30, width - left)], wordWrap: true }),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replaceAll(/ +$/gm, '');
}
