/**
 * Scopes: which calls an agent is capable of, a session was delegated, or a grant covers.
 *
 * A scope is narrower than a policy's rule on purpose: it looks at the call alone, never at risk, at the
 * session's history or at what evaluators say, so that it means the same wherever it is carried.
 */
import { noCounters } from '../policy/expression.ts';
import { checkCondition } from '../policy/check-condition.ts';
import { compileCondition } from '../policy/condition.ts';
import type { ConditionDocument } from '../policy/document.ts';
import type { CompiledCondition } from '../policy/expression-evaluation.ts';
import { Findings } from '../policy/finding.ts';
import { compileGlobs, isGlob, type Matcher } from '../policy/glob.ts';
import { limits } from '../limits.ts';

export interface CallScope {
  /** Patterns of actions. */
  readonly actions: readonly string[];
  /** Patterns of resources; any where it is left out. */
  readonly resources?: readonly string[];
  /** Has to be true of the call; an error in it is not. */
  readonly when?: ConditionDocument;
}

/** A call, as far as scopes look at it. */
export interface ScopedCall {
  readonly action: string;
  readonly resource: string;
  readonly arguments: unknown;
  readonly tool: string;
  readonly agent: string;
  readonly principal: string;
  readonly org: string;
}

/** What a call does, and to what. */
export type Place = Pick<ScopedCall, 'action' | 'resource'>;

const readable: ReadonlySet<unknown> = new Set([
  'arguments',
  'resource',
  'action',
  'tool',
  'agent',
  'principal',
  'org',
]);

/** What is wrong with a scope from outside, or undefined. */
export function scopeProblem(value: unknown): string | undefined {
  const findings = new Findings();
  const scope = findings.object('scope', value, ['actions', 'resources', 'when']);
  if (scope === undefined) return 'a scope is an object with `actions`, `resources` and `when`';
  const { actions, resources, when } = scope;
  if (!arePatterns(actions)) {
    return `\`actions\` must list 1 to ${limits.scopePatternsMax} patterns of actions`;
  }
  if (resources !== undefined && !arePatterns(resources)) {
    return `\`resources\` must list 1 to ${limits.scopePatternsMax} patterns of resources`;
  }
  if (when !== undefined) checkCondition(findings, 'when', when);
  const [first] = findings.list;
  if (first !== undefined) return `\`${first.path}\` ${first.message}`;
  const odd = [...rootsRead(when)].find((root) => !readable.has(root));
  if (odd === undefined) return undefined;
  return `\`when\` reads \`${odd}\`: a scope looks at the call alone`;
}

function arePatterns(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.length <= limits.scopePatternsMax && value.every(isGlob);
}

/** The first segments of every path in a condition, and the function that reads the session's history. */
function* rootsRead(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  const { path, name } = node as Readonly<Record<string, unknown>>;
  if (typeof path === 'string') yield path.split('.')[0] ?? '';
  else if (Array.isArray(path)) yield String(path[0]);
  if (name === 'countAllowed') yield name;
  for (const child of Object.values(node)) yield* rootsRead(child);
}

interface CompiledScope {
  readonly action: Matcher;
  readonly resource: Matcher | undefined;
  readonly when: CompiledCondition | undefined;
}

const compiled = new WeakMap<CallScope, CompiledScope>();

function compileScope(scope: CallScope): CompiledScope {
  const known = compiled.get(scope);
  if (known !== undefined) return known;
  const { actions, resources, when } = scope;
  const made = {
    action: compileGlobs(actions),
    resource: resources === undefined ? undefined : compileGlobs(resources),
    when: when === undefined ? undefined : compileCondition(when),
  };
  compiled.set(scope, made);
  return made;
}

/** Whether a scope has the action at all, whatever else it asks of a call. */
export function coversAction(scope: CallScope, action: string): boolean {
  return compileScope(scope).action(action);
}

/** As `covers`, where the arguments are not known any more: its condition is not asked. */
export function coversPlace(scope: CallScope, { action, resource }: Place): boolean {
  const compiledScope = compileScope(scope);
  return compiledScope.action(action) && compiledScope.resource?.(resource) !== false;
}

export function covers(scope: CallScope, call: ScopedCall): boolean {
  const { action, resource, when } = compileScope(scope);
  if (!action(call.action) || resource?.(call.resource) === false) return false;
  if (when === undefined) return true;
  const unread = { session: '', risk: '', counters: noCounters, guardrails: {}, assetClasses: [] };
  return when({ ...call, ...unread }) === true;
}
