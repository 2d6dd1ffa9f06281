/**
 * Text from elsewhere as a card shows it: what does not look like what it is stands there as an escape such
 * as `⟦U+202E⟧`, so that a reader sees every character and no character acts.
 *
 * The escape loses nothing and cannot be forged: the brackets `⟦` and `⟧` are themselves escaped, so each
 * pair of them in shown text is an escape, and putting back the characters gives the text that was.
 */
import {
  characterKinds,
  markedCharacters,
  type CharacterKind,
  type MarkedCharacter,
} from './character-marks.ts';

/** What a reader should know of a text, over and above what is seen. */
export const textMarks = [
  ...characterKinds,
  'right-to-left',
  'very-long',
  'looks-like-markup',
  'looks-like-terminal-escape',
] as const;
export type TextMark = (typeof textMarks)[number];

export interface ShownText {
  /** Escaped; what was cut is not in it. Markup in it is text: a surface with markup has to escape that. */
  readonly text: string;
  /** Length of the whole text in characters (code points). */
  readonly characters: number;
  /** Length of the whole text in bytes of UTF-8. */
  readonly bytes: number;
  /** Of the whole text, what was cut included; in the order of `textMarks`. */
  readonly marks: readonly TextMark[];
  readonly isTruncated: boolean;
  /** How much is not shown, from the end. */
  readonly cutCharacters: number;
  readonly cutBytes: number;
}

export interface ShownTextOptions {
  /** Characters above which a text is marked as very long and, unless it is to be shown in full, cut. */
  readonly charactersMax: number;
  readonly full: boolean;
}

/** The blocks of scripts that are written from right to left, and those kept for more of them (UAX #9). */
const rightToLeft =
  /[\u{590}-\u{8ff}\u{fb1d}-\u{fdff}\u{fe70}-\u{fefc}\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Tags, comments and character references of HTML and XML; links and images of Markdown; script links. */
const markup = /<[a-z!/?]|&(?:#[0-9a-fx]+|[a-z]+);|\]\(|javascript:/i;
/** The characters ESC and CSI and their kin, and how people write them in source text. */
const terminalEscape = /[\u001b\u0090\u009b\u009d]|\\(?:x1b|u001b|u\{1b\}|033|e)\[|\[[0-9;]+m/i;

/** Text of anybody, as a card shows it. */
export function shownText(text: string, options: ShownTextOptions): ShownText {
  const characters = markedCharacters(text);
  const isLong = characters.length > options.charactersMax;
  const kept = isLong && !options.full ? characters.slice(0, options.charactersMax) : characters;
  const cut = characters.slice(kept.length);
  return {
    text: kept.map(escaped).join(''),
    characters: characters.length,
    bytes: Buffer.byteLength(text),
    marks: marksOf(text, characters, isLong),
    isTruncated: cut.length > 0,
    cutCharacters: cut.length,
    cutBytes: Buffer.byteLength(cut.map(({ character }) => character).join('')),
  };
}

/** A short text of the control plane's own, which is shown whole and should have nothing to escape. */
export function plainText(text: string): string {
  return markedCharacters(text).map(escaped).join('');
}

/** Whether a text has letters that are written from right to left. */
export function isRightToLeft(text: string): boolean {
  return rightToLeft.test(text);
}

function marksOf(
  text: string,
  characters: readonly MarkedCharacter[],
  isLong: boolean,
): readonly TextMark[] {
  const found = new Set<TextMark>(
    characters.flatMap(({ kind }): CharacterKind[] => (kind === undefined ? [] : [kind])),
  );
  if (isRightToLeft(text)) found.add('right-to-left');
  if (isLong) found.add('very-long');
  if (markup.test(text)) found.add('looks-like-markup');
  if (terminalEscape.test(text)) found.add('looks-like-terminal-escape');
  return textMarks.filter((mark) => found.has(mark));
}

function escaped({ character, kind }: MarkedCharacter): string {
  if (kind === undefined) return character;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `⟦U+${code.padStart(4, '0')}⟧`;
}
