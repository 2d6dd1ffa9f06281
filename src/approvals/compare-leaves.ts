/** What is different in the arguments of a call from those of an earlier one, leaf by leaf, by path. */
import type { ArgumentLeaf } from './argument-leaves.ts';

export type LeafChange = 'same' | 'added' | 'changed';

export interface ComparedLeaf {
  readonly leaf: ArgumentLeaf;
  readonly change: LeafChange;
  /** What stood at the path before, where it is another value or of another kind. */
  readonly before: ArgumentLeaf | undefined;
}

export interface ComparedLeaves {
  /** One for each leaf of today, in order. */
  readonly leaves: readonly ComparedLeaf[];
  /** Leaves of the earlier call whose path has none now, in their order. */
  readonly removed: readonly ArgumentLeaf[];
}

/** Elements of arrays are compared by their index: one that is inserted changes those behind it. */
export function compareLeaves(
  leaves: readonly ArgumentLeaf[],
  earlier: readonly ArgumentLeaf[],
): ComparedLeaves {
  const earlierByPath = new Map(earlier.map((leaf) => [leaf.path, leaf]));
  const paths = new Set(leaves.map(({ path }) => path));
  return {
    leaves: leaves.map((leaf) => {
      const before = earlierByPath.get(leaf.path);
      if (before === undefined) return { leaf, change: 'added', before };
      const isSame = before.kind === leaf.kind && before.value === leaf.value;
      return isSame
        ? { leaf, change: 'same', before: undefined }
        : { leaf, change: 'changed', before };
    }),
    removed: earlier.filter(({ path }) => !paths.has(path)),
  };
}
