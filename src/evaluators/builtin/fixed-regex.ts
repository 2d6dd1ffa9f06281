/**
 * Patterns that are part of the source: linear time, and a wrong one is found when the module is
 * loaded.
 */
import { compileRegex, type Regex } from '../../kernel/policy/regex.ts';

export function fixedRegex(pattern: string): Regex {
  const regex = compileRegex(pattern);
  if ('problem' in regex) throw new SyntaxError(`pattern \`${pattern}\` ${regex.problem}`);
  return regex;
}
