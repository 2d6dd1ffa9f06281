/**
 * What code of somebody else threw, as text. It may be anything, also what has no text or throws once more
 * where it is asked for it: nothing that has to be done may be left undone for that.
 */
const noText = 'what was thrown cannot be shown as text';

/** With the name of its class, where it is an error. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return noText;
  }
}

/** The message alone, where it is an error. */
export function thrownMessage(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return noText;
  }
}
