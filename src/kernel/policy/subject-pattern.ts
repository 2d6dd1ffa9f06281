/**
 * Patterns of agents and principals. One that no name can match is refused: `a,b`, `{a,b}`, `!a` and `^a$`
 * are literal here, and a rule that was written so would never hold.
 */
import { isName, isQualifiedName } from '../name.ts';
import { isGlob } from './glob.ts';

export const agentPatternText = 'a pattern that the name of an agent can match';
export const principalPatternText = 'a pattern that the id of a principal can match';

export function isAgentPattern(value: unknown): value is string {
  return isGlob(value) && canMatch(value, isName);
}

export function isPrincipalPattern(value: unknown): value is string {
  return isGlob(value) && canMatch(value, isQualifiedName);
}

/** Whether some name is one that the pattern matches; names begin with a letter or digit. */
export function canMatch(pattern: string, isOne: (name: string) => boolean): boolean {
  const shortest = pattern.replaceAll(/\*+/g, '').replaceAll('?', 'a');
  return isOne(shortest) || (pattern.startsWith('*') && isOne(`a${shortest}`));
}
