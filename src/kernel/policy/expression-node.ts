/** The nodes of expressions as plain data, before they are checked. */
import { binaryOperators, macros } from './expression.ts';

export type Node = Readonly<Record<string, unknown>>;

/** What each operation has beside its `op`: all of it, and nothing else. */
export const membersByOperation: ReadonlyMap<unknown, readonly string[]> = new Map<
  unknown,
  readonly string[]
>([
  ['value', ['value']],
  ['list', ['of']],
  ['path', ['path']],
  ['variable', ['name']],
  ['member', ['of', 'name']],
  ['index', ['of', 'at']],
  ['has', ['of']],
  ['and', ['of']],
  ['or', ['of']],
  ['not', ['of']],
  ['negate', ['of']],
  ['if', ['test', 'whenTrue', 'whenFalse']],
  ['call', ['name', 'of']],
  ...binaryOperators.map((name) => [name, ['left', 'right']] as const),
  ...macros.map((name) => [name, ['of', 'as', 'body']] as const),
]);

/** A member of a value's own, whatever the value is. */
export function ownOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Node)[name];
}
