/**
 * A server's result as a client gets it: within its size, marked as nobody's word, and with what nobody sees
 * in it told or left out.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ResultTerms } from '../config/config.ts';
import { metaKeys } from '../protocol/meta-keys.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import type { Refusal } from './refusal.ts';

/** Controls but tab and line breaks, and what has neither ink nor width, in their kinds. */
const kinds = [
  ['terminal-controls', /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu],
  ['bidi-controls', /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu],
  [
    'zero-width',
    /\u{34f}|[\u{ad}\u{115f}\u{1160}\u{180e}\u{200b}-\u{200d}\u{2060}-\u{2065}\u{3164}\u{feff}]/gu,
  ],
  ['tag-characters', /[\u{e0000}-\u{e007f}]/gu],
  ['variation-selectors', /[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]{2,}/gu],
] as const;

export type HiddenCharacters = (typeof kinds)[number][0];

/** Bytes of a result above what a client is given. */
export function tooLarge(result: RawResult, bytesMax: number): Refusal | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(result));
  if (bytes <= bytesMax) return undefined;
  return {
    code: 'result-too-large',
    message: `the tool ran, and its result of ${bytes} bytes is above the ${bytesMax} that are passed on`,
    help: 'ask for less at a time',
  };
}

/** `server` is where it comes from. */
export function shownResult(
  result: RawResult,
  { server, terms }: { readonly server: string; readonly terms: ResultTerms },
): CallToolResult {
  const found = new Set<HiddenCharacters>();
  const isStripped = terms.hiddenCharacters === 'strip';
  const shown = mapTexts(result, (text) => {
    let left = text;
    for (const [kind, pattern] of kinds) {
      if (text.search(pattern) === -1) continue;
      found.add(kind);
      if (isStripped) left = left.replaceAll(pattern, '');
    }
    return left;
  }) as CallToolResult;
  const hidden = [...found].toSorted();
  const untrusted = { server, ...(hidden.length === 0 ? {} : { hidden, stripped: isStripped }) };
  return { ...shown, _meta: { ...shown._meta, [metaKeys.untrusted]: untrusted } };
}

/** Members that hold bytes as base64, and no text. */
const bytes: ReadonlySet<string> = new Set(['data', 'blob']);

/** A copy with every text in it replaced. Iterative in breadth; the parser has bounded the depth. */
function mapTexts(value: unknown, change: (text: string) => string, name = ''): unknown {
  if (typeof value === 'string') return bytes.has(name) ? value : change(value);
  if (Array.isArray(value)) return value.map((each: unknown) => mapTexts(each, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, each]) => [member, mapTexts(each, change, member)]),
  );
}
