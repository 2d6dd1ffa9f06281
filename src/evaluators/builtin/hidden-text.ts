/**
 * Text that people do not see and models read: Unicode tags, zero-width and bidi characters,
 * base64. It is found, and what it says is made readable. In linear time.
 */

export type HiddenKind = 'hidden-characters' | 'zero-width-characters' | 'bidi-characters';

/** The flags of England, Scotland and Wales are written with tags: the one honest use. */
const flags = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}/gu;
const tags = /[\u{E0000}-\u{E007F}]/gu;
/** One variation selector may follow a character; a run of them carries bytes. */
const selectorRun = /[\u{E0100}-\u{E01EF}\u{FE00}-\u{FE0F}]{4}/u;
/** Not the joiners U+200C and U+200D, which emoji and several scripts need. */
const zeroWidth = /[\u{200B}\u{2060}-\u{2064}\u{FEFF}\u{180E}\u{115F}\u{1160}\u{3164}]/u;
const bidi = /[\u{202A}-\u{202E}\u{2066}-\u{2069}]/u;

export function hiddenKinds(text: string): readonly HiddenKind[] {
  const withoutFlags = text.replaceAll(flags, '');
  const found: HiddenKind[] = [];
  if (withoutFlags.search(tags) !== -1 || selectorRun.test(text)) found.push('hidden-characters');
  if (zeroWidth.test(text)) found.push('zero-width-characters');
  if (bidi.test(text)) found.push('bidi-characters');
  return found;
}

/** What stands there for a reader who sees tags as letters, and no other formatting. */
export function visibleText(text: string): string {
  return text
    .replaceAll(tags, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000))
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu, '')
    .toLowerCase();
}

const decoder = new TextDecoder();

/**
 * What the runs of base64 in a text decode to, one a line. A run that decodes to no text says
 * nothing.
 */
export function base64Texts(text: string): string {
  const lines: string[] = [];
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{16,}/g)) {
    lines.push(decoder.decode(Buffer.from(run, 'base64')));
  }
  return lines.join('\n');
}
