/**
 * Whether one pattern takes in another: answered only where it is certain. `false` means "not known to", so
 * that lint never calls a rule idle that is not.
 */
import { compileGlob, isLiteral, type MatchDocument } from '../kernel/index.ts';

/** Whether everything that `narrow` matches is certain to match `wide`. */
export function patternIncludes(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '**') return true;
  if (isLiteral(narrow)) return compileGlob(wide)(narrow);
  const start = literalStart(wide);
  if (!literalStart(narrow).startsWith(start)) return false;
  const ending = wide.slice(start.length);
  if (ending === '**') return true;
  // A single star stops at a slash: what follows the start may have none.
  return ending === '*' && !/\/|\*\*/.test(narrow.slice(start.length));
}

function literalStart(pattern: string): string {
  const end = pattern.search(/[*?]/);
  return end === -1 ? pattern : pattern.slice(0, end);
}

type Patterns = string | readonly string[] | undefined;

/** The same for a member of a `match`: left out, it takes in everything. */
export function patternsInclude(wide: Patterns, narrow: Patterns): boolean {
  if (wide === undefined) return true;
  const wideList = typeof wide === 'string' ? [wide] : wide;
  const narrowList = narrow === undefined ? ['**'] : typeof narrow === 'string' ? [narrow] : narrow;
  return narrowList.every((each) => wideList.some((one) => patternIncludes(one, each)));
}

/** All members of a `match` but the action, which is compared by the actions there are. */
export function subjectIncludes(
  wide: MatchDocument | undefined,
  narrow: MatchDocument | undefined,
): boolean {
  return (['resource', 'agent', 'principal'] as const).every((member) =>
    patternsInclude(wide?.[member], narrow?.[member]),
  );
}

/** The actions that patterns name, of those declared; all where nothing is said. */
export function actionsNamed(patterns: Patterns, declared: readonly string[]): readonly string[] {
  if (patterns === undefined) return declared;
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  const known = setOf(declared);
  const named = list.flatMap((pattern) =>
    isLiteral(pattern) ? [pattern].filter((name) => known.has(name)) : matching(pattern, declared),
  );
  return [...new Set(named)];
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Made once for each list: a policy may have ten thousand rules, each about one of as many actions. */
function setOf(declared: readonly string[]): ReadonlySet<string> {
  const known = sets.get(declared) ?? new Set(declared);
  sets.set(declared, known);
  return known;
}

/** Whether a match is about an action, whatever else it asks for. */
export function isAbout(match: MatchDocument | undefined, action: string): boolean {
  return actionsNamed(match?.action, [action]).length > 0;
}

function matching(pattern: string, declared: readonly string[]): readonly string[] {
  const matches = compileGlob(pattern);
  return declared.filter((name) => matches(name));
}
