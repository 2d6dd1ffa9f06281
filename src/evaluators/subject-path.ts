/**
 * Paths into what an evaluator sees: `content.customer.id`, `resource`. Only `content` has members,
 * and only an object's own members are seen.
 */
import { quoted } from '../kernel/index.ts';
import type { EvaluatorSubject } from './evaluator.ts';

const roots: readonly string[] = [
  'content',
  'resource',
  'action',
  'tool',
  'agent',
  'principal',
  'org',
  'session',
] satisfies readonly (keyof EvaluatorSubject)[];

/** What is wrong with a path in a config, or undefined. */
export function pathProblem(path: string): string | undefined {
  const [root, ...members] = path.split('.');
  if (root === undefined || !roots.includes(root)) {
    return `path ${quoted(path)} must start with one of ${roots.join(', ')}`;
  }
  if (members.includes('')) return `path ${quoted(path)} has an empty member`;
  if (root === 'content' || members.length === 0) return undefined;
  return `path ${quoted(path)} is not known: only \`content\` has members`;
}

/**
 * The texts that a path leads to, which are one text or a list of texts. Where there is anything
 * else, the sentence that says so: what cannot be looked at must not pass.
 */
export function textsAt(
  subject: EvaluatorSubject,
  path: string,
): readonly string[] | { readonly problem: string } {
  const [name, ...members] = path.split('.');
  const isRoot = name !== undefined && roots.includes(name);
  let value: unknown = isRoot ? subject[name as keyof EvaluatorSubject] : undefined;
  for (const member of members) {
    if (!isPlainObject(value) || !Object.hasOwn(value, member)) {
      return { problem: `there is nothing at ${quoted(path)}` };
    }
    value = value[member];
  }
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((each): each is string => typeof each === 'string')) {
    return value;
  }
  return { problem: `what is at ${quoted(path)} is neither a text nor a list of texts` };
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
