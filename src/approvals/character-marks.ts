/**
 * Which characters do not look like what they are, by kind: those that are not seen, that move what stands
 * beside them, that act on a terminal, or that pass for others.
 *
 * Two kinds of letters are read in their word: a Cyrillic `а` is an honest letter in a Cyrillic word and a
 * disguise in a Latin one. A whole word of look-alikes (`сосо` in Cyrillic alone) is not told from an honest
 * one: that takes knowledge of languages.
 */

export const characterKinds = [
  'bidi-controls',
  'zero-width',
  'tag-characters',
  'variation-selectors',
  'line-breaks',
  'control-characters',
  'unusual-spaces',
  'private-use',
  'unassigned',
  'other-invisible',
  'stacked-marks',
  'mixed-scripts',
  'look-alike-letters',
  'card-brackets',
] as const;
export type CharacterKind = (typeof characterKinds)[number];

type OneCharacterKind = Exclude<CharacterKind, 'stacked-marks' | 'mixed-scripts'>;

/** The first that matches is the kind, so that the particular stands before the general. */
const kindsInOrder: readonly (readonly [OneCharacterKind, RegExp])[] = [
  ['bidi-controls', /[\u{61c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]/u],
  ['zero-width', /[\u{34f}\u{ad}\u{180e}\u{200b}-\u{200d}\u{2060}-\u{2064}\u{feff}]/u],
  ['tag-characters', /[\u{e0000}-\u{e007f}]/u],
  ['variation-selectors', /\p{Variation_Selector}/u],
  ['line-breaks', /[\n\v\f\r\u{85}\u{2028}\u{2029}]/u],
  ['control-characters', /\p{Cc}/u],
  ['unusual-spaces', /[^\P{Zs} ]/u],
  ['private-use', /\p{Co}/u],
  ['unassigned', /[\p{Cn}\p{Cs}]/u],
  // The last two have a width and no ink: the blank of braille and the musical null note head.
  ['other-invisible', /[\p{Default_Ignorable_Code_Point}\p{Cf}\u{2800}\u{1d159}]/u],
  ['card-brackets', /[⟦⟧]/u],
];

const letterOrDigit = /[\p{L}\p{Nd}]/u;

/** Kind of one character on its own; undefined where it looks like what it is. */
function kindOf(character: string): OneCharacterKind | undefined {
  // Printable ASCII, which most text is.
  if (character >= ' ' && character <= '~') return undefined;
  const listed = kindsInOrder.find(([, pattern]) => pattern.test(character))?.[0];
  if (listed !== undefined) return listed;
  const isDisguise =
    letterOrDigit.test(character) && /^[\u{20}-\u{7e}]+$/u.test(character.normalize('NFKC'));
  return isDisguise ? 'look-alike-letters' : undefined;
}

/** Most scripts stack two or three marks on a letter; a tower of them runs over the lines beside it. */
const marksOnOneBaseMax = 4;
const combining = /\p{M}/u;
/** What marks stand on in writing. On a quote or a bracket they would disguise that. */
const base = /[A-Za-z0-9]|[^\u{0}-\u{7f}]/u;

const latin = /\p{Script=Latin}/u;
/** Scripts with letters that are drawn like Latin ones. */
const latinLikeScripts = ['Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic', 'Lisu'];
const latinLike = new RegExp(
  `[${latinLikeScripts.map((script) => String.raw`\p{Script=${script}}`).join('')}]`,
  'u',
);

export interface MarkedCharacter {
  readonly character: string;
  readonly kind: CharacterKind | undefined;
}

/** Every character (code point) of a text with its kind, in order. */
export function markedCharacters(text: string): readonly MarkedCharacter[] {
  const disguised = disguisedPlaces(text);
  const marked: MarkedCharacter[] = [];
  // At the start there is no letter for a combining mark to stand on.
  let marksOnBase = marksOnOneBaseMax;
  let place = 0;
  for (const character of text) {
    let kind: CharacterKind | undefined = kindOf(character);
    if (kind === undefined && disguised.has(place)) kind = 'mixed-scripts';
    if (kind === undefined && combining.test(character)) {
      marksOnBase += 1;
      if (marksOnBase > marksOnOneBaseMax) kind = 'stacked-marks';
    } else {
      // What is shown as an escape carries no marks: they would stand on its bracket.
      marksOnBase = kind === undefined && base.test(character) ? 0 : marksOnOneBaseMax;
    }
    marked.push({ character, kind });
    place += character.length;
  }
  return marked;
}

/** Where, in UTF-16 units, letters of another script stand in a word that has Latin letters too. */
function disguisedPlaces(text: string): ReadonlySet<number> {
  const places = new Set<number>();
  if (!latinLike.test(text)) return places;
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{M}\p{Nd}]+/gu)) {
    if (!latin.test(word)) continue;
    let place = index;
    for (const character of word) {
      if (latinLike.test(character)) places.add(place);
      place += character.length;
    }
  }
  return places;
}
