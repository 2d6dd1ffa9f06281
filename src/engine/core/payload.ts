/**
 * Payloads: what a command carries beside its decision-relevant data. Each is committed to by salted hash
 * in the entry and kept beside the log, so that it can be erased and every hash stays valid.
 */
import { limits } from '../../kernel/index.ts';
import { canonicalJson, CanonicalJsonError, commit, frozenFromCanonical } from '../../log/index.ts';
import type { Content } from '../store/batch.ts';
import { ControlPlaneError, fault } from '../error.ts';
import type { Ids } from '../ids.ts';

export interface Payload {
  readonly contents: readonly Content[];
  readonly commitments?: Readonly<Record<string, string>>;
}

/** Commits to texts by field; fields without a text are left out. */
export function committed(ids: Ids, texts: Readonly<Record<string, string | undefined>>): Payload {
  const contents: Content[] = [];
  const commitments: Record<string, string> = {};
  for (const [field, text] of Object.entries(texts)) {
    if (text === undefined) continue;
    const salt = ids.salt();
    contents.push({ field, salt, text });
    commitments[field] = commit(salt, text);
  }
  return contents.length === 0 ? { contents } : { contents, commitments };
}

/** A reason as people write it; throws `input-invalid` where it is not a text within the limit. */
export function checkedText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (
    typeof value !== 'string' ||
    value.trim() === '' ||
    value.length > limits.textLengthMax ||
    !value.isWellFormed() ||
    value.includes('\0')
  ) {
    throw fault(
      'input-invalid',
      `${name} must be a text of 1 to ${limits.textLengthMax} characters`,
    );
  }
  return value;
}

const argumentLimits = {
  depthMax: limits.argumentsDepthMax,
  bytesMax: limits.argumentsBytesMax,
  membersMax: limits.argumentsMembersMax,
};

/** A call's arguments, read once: their canonical text, and the frozen value that the tool will get. */
export function readArguments(value: unknown): { readonly text: string; readonly value: unknown } {
  try {
    const text = canonicalJson(value ?? {}, argumentLimits);
    return { text, value: frozenFromCanonical(text) };
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw new ControlPlaneError('arguments-unrepresentable', failure.message, { cause: failure });
  }
}

const resultLimits = { ...argumentLimits, bytesMax: limits.resultBytesMax };

/** What came in or a tool gave back: its canonical text, or why it has none. */
export type Readable =
  | { readonly text: string }
  | { readonly problem: string; readonly code: string };

export function readContent(value: unknown): Readable {
  try {
    return { text: canonicalJson(value ?? null, resultLimits) };
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    return { problem: failure.message, code: failure.code };
  }
}

/** The text that the log keeps of it; something else stands in for what has none. */
export function recordedText(content: Readable): string {
  return 'problem' in content ? canonicalJson({ notRecorded: content.code }) : content.text;
}

export function isStandIn(text: string): boolean {
  return /^\{"notRecorded":"[a-z-]+"\}$/.test(text);
}
