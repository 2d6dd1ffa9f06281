/** One small sabotage of the source, and the tests that must notice it. */
export interface Mutant {
  readonly name: string;
  /** The promise, in one sentence, that the mutant breaks. */
  readonly guards: string;
  /** The source file, from the root of the project. */
  readonly file: string;
  /**
   * Exact source text that occurs once in the file: on one line, so that formatting does not move
   * it.
   */
  readonly find: string;
  readonly replace: string;
  /** Test files that have to fail, as filters for Vitest. */
  readonly tests: readonly string[];
}

/** The mutated source, or why the mutant cannot be made. */
export function mutate(
  source: string,
  { find, replace }: Pick<Mutant, 'find' | 'replace'>,
): { readonly source: string } | { readonly problem: string } {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined) return { problem: 'its text is not there' };
  if (more.length > 0) return { problem: `its text is there ${more.length + 1} times` };
  return { source: before + replace + after };
}
