/** What is wrong with a document, as one text. */

interface Told {
  readonly code: string;
  /** Where in the document; empty for all of it. */
  readonly path: string;
  readonly message: string;
}

const shownMax = 10;

/** The first findings, and how many more there are. */
export function findingsText(findings: readonly Told[]): string {
  const shown = findings.slice(0, shownMax).map(({ code, path, message }) => {
    const subject = path === '' ? 'the document' : `\`${path}\``;
    return `${code}: ${subject} ${message}`;
  });
  const more = findings.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
