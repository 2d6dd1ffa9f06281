/**
 * CSV per RFC 4180, safe to open in a spreadsheet: a text that a spreadsheet would take for a formula gets an
 * apostrophe in front, so that nobody who writes names into a log can run anything where it is read.
 */

/** What spreadsheets take for the beginning of a formula. */
const formula = /^[=+\-@\t\r]/;
const decimal = /^-?\d+(?:\.\d+)?$/;
const special = /[",\r\n]/;

/** One record, without its line break, which is CRLF. */
export function csvRecord(cells: readonly string[]): string {
  return cells.map(cellText).join(',');
}

function cellText(cell: string): string {
  const text = formula.test(cell) && !decimal.test(cell) ? `'${cell}` : cell;
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
