/**
 * The policy's meaning once more, slowly and plainly: regular expressions for globs, no index, no
 * closures.
 */
import type { PolicyDocument } from '../../src/kernel/index.ts';
import { naiveTruth } from './naive-condition.ts';

type Json = Readonly<Record<string, unknown>>;

export interface NaiveVerdict {
  readonly effect: 'allow' | 'require-approval' | 'steer' | 'deny';
  readonly code: string;
  readonly roles: readonly string[];
  readonly timeoutMs: number;
}

export function naiveVerdict(document: PolicyDocument, request: Json): NaiveVerdict {
  const usual = { roles: ['approver', 'admin'], timeoutMs: 3_600_000, ...document.approvals };
  const answer = (effect: NaiveVerdict['effect'], code: string, terms = usual): NaiveVerdict => ({
    effect,
    code,
    roles: terms.roles,
    timeoutMs: terms.timeoutMs,
  });
  const name = String(request['action']);
  const action = Object.hasOwn(document.actions, name) ? document.actions[name] : undefined;
  if (action === undefined) return answer('deny', 'action-unknown');
  if (!globs(action.resource, request['resource'])) return answer('deny', 'policy-denied');
  const levels = ['low', 'medium', 'high', 'critical'];
  const risk = action.risk ?? 'low';
  const ceiling = document.autoApproveWhen?.riskAtMost ?? 'low';
  const tier = (list: readonly string[] | undefined): boolean =>
    list?.some((g) => globs(g, name)) ?? false;
  const effects: [NaiveVerdict['effect'], typeof usual][] = [];
  if (tier(document.tiers?.blocked)) effects.push(['deny', usual]);
  if (tier(document.tiers?.steer)) effects.push(['steer', usual]);
  if (tier(document.tiers?.alwaysApprove)) effects.push(['require-approval', usual]);
  if (tier(document.tiers?.unrestricted)) effects.push(['allow', usual]);
  if (tier(document.tiers?.autoApprove)) {
    const within = levels.indexOf(risk) <= levels.indexOf(ceiling);
    effects.push([within ? 'allow' : 'require-approval', usual]);
  }
  for (const { match, when, effect, approval } of document.rules ?? []) {
    if (!patternsOf(match).every(([what, patterns]) => globs(patterns, request[what]))) continue;
    const truth = when === undefined ? true : naiveTruth(when, { ...request, risk });
    if (truth === 'error') return answer('deny', 'policy-error');
    if (truth) effects.push([effect, { ...usual, ...approval }]);
  }
  const has = (effect: string): boolean => effects.some(([each]) => each === effect);
  if (has('deny')) return answer('deny', 'policy-denied');
  if (has('steer')) return answer('steer', 'policy-steered');
  const asked = effects.flatMap(([effect, terms]) =>
    effect === 'require-approval' ? [terms] : [],
  );
  if (asked.length > 0) {
    const roles = (asked[0]?.roles ?? []).filter((role) =>
      asked.every((t) => t.roles.includes(role)),
    );
    if (roles.length === 0) return answer('deny', 'policy-error');
    const timeoutMs = Math.min(...asked.map((terms) => terms.timeoutMs));
    return answer('require-approval', 'approval-required', { roles, timeoutMs });
  }
  return has('allow') ? answer('allow', 'allowed') : answer('deny', 'policy-no-match');
}

function patternsOf(match: object = {}): readonly [string, string | readonly string[]][] {
  return Object.entries(match) as [string, string | readonly string[]][];
}

export function globs(patterns: string | readonly string[] | undefined, text: unknown): boolean {
  if (patterns === undefined) return true;
  return [patterns].flat().some((pattern) => expressionOf(pattern).test(String(text)));
}

/** Kept only to save time. */
const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const parts = pattern.match(/\*+|\?|[^*?]/gu) ?? [];
  const source = parts.map((part) => {
    if (part === '?') return '[^/]';
    if (part.startsWith('*')) return part === '*' ? '[^/]*' : '[^]*';
    return part.replace(/[\\^$.|+()[\]{}]/, String.raw`\$&`);
  });
  const expression = new RegExp(`^${source.join('')}$`, 'u');
  expressions.set(pattern, expression);
  return expression;
}
