/**
 * The part of a card that an agent wrote: the arguments, names included, and the resource that follows from
 * them. Every text in it is escaped, and may say anything.
 */
import type { ArgumentLeaf, LeafKind } from './argument-leaves.ts';
import { compareLeaves, type ComparedLeaf, type LeafChange } from './compare-leaves.ts';
import { shownText, type ShownText, type ShownTextOptions } from './shown-text.ts';

export const cardLimits = {
  /** Fields on a card that is not full: about three screens, more than most people read to the end. */
  fieldsMax: 100,
  /** Characters of one text on a card that is not full: a long paragraph, about twelve lines. */
  textCharactersMax: 1_000,
} as const;

export interface CardValue {
  readonly kind: LeafKind;
  /** A text stands in double quotes, with a backslash before quotes and backslashes of its own. */
  readonly value: ShownText;
}

export interface CardField extends CardValue {
  /** Where in the arguments, as a path of RFC 9535. */
  readonly path: ShownText;
}

/** An argument beside what stood at its path in the previous approval. */
export interface ComparedField extends CardField {
  /** Left out where there is nothing to compare with. */
  readonly change?: LeafChange;
  /** The old value of a changed one. */
  readonly before?: CardValue;
}

export interface AgentText {
  /** Follows from the arguments, by the tool's template. */
  readonly resource: ShownText;
  /** One for each leaf of the arguments, in canonical order. */
  readonly fields: readonly ComparedField[];
  readonly fieldsLeftOut: number;
  /** Fields of the previous approval that are not there now. */
  readonly removed: readonly CardField[];
  readonly removedLeftOut: number;
}

interface AgentTextInput {
  readonly leaves: readonly ArgumentLeaf[];
  readonly earlier: readonly ArgumentLeaf[] | undefined;
  readonly full: boolean;
}

/**
 * The agent's part of a card. `leaves` are empty where the arguments could not be read, and nothing is
 * compared where there is nothing `earlier`.
 */
export function agentTextOf(
  resource: string,
  { leaves, earlier, full }: AgentTextInput,
): AgentText {
  const options = { charactersMax: cardLimits.textCharactersMax, full };
  const compared = earlier === undefined ? undefined : compareLeaves(leaves, earlier);
  const fieldsMax = full ? Infinity : cardLimits.fieldsMax;
  const fields: readonly ComparedField[] =
    compared === undefined
      ? leaves.slice(0, fieldsMax).map((leaf) => fieldOf(leaf, options))
      : compared.leaves.slice(0, fieldsMax).map((each) => comparedFieldOf(each, options));
  const removed = compared?.removed ?? [];
  const removedShown = removed.slice(0, fieldsMax).map((leaf) => fieldOf(leaf, options));
  return {
    resource: quotedText(resource, options),
    fields,
    fieldsLeftOut: leaves.length - fields.length,
    removed: removedShown,
    removedLeftOut: removed.length - removedShown.length,
  };
}

function comparedFieldOf(
  { leaf, change, before }: ComparedLeaf,
  options: ShownTextOptions,
): ComparedField {
  return {
    ...fieldOf(leaf, options),
    change,
    ...(before !== undefined && { before: valueOf(before, options) }),
  };
}

function fieldOf(leaf: ArgumentLeaf, options: ShownTextOptions): CardField {
  return { path: shownText(leaf.path, options), ...valueOf(leaf, options) };
}

function valueOf({ kind, value }: ArgumentLeaf, options: ShownTextOptions): CardValue {
  return { kind, value: kind === 'text' ? quotedText(value, options) : shownText(value, options) };
}

/**
 * Where an agent's text ends is seen even where a client shows a card as one paragraph: at the first quote
 * without a backslash before it.
 */
function quotedText(text: string, options: ShownTextOptions): ShownText {
  const shown = shownText(text, options);
  return { ...shown, text: `"${shown.text.replaceAll(/["\\]/g, '\\$&')}"` };
}
