/**
 * What a policy says of one call, slowly and plainly: a walk over each condition, a regular expression
 * for each glob, no index, no closures. Expressions are walked in `naive-expression.ts`.
 */
import type { EvaluatorFact, PolicyDocument, SessionHistory } from '../../src/kernel/index.ts';
import type { ApprovalDocument } from '../../src/kernel/policy/document.ts';
import { naiveOutcome } from '../policy/naive-expression.ts';

type Json = Readonly<Record<string, unknown>>;
type Truth = boolean | 'error';
type Effect = 'allow' | 'require-approval' | 'steer' | 'deny';
type Optional = 'principals' | 'escalation' | 'remindMs';
type Terms = Required<Omit<ApprovalDocument, Optional>> & Pick<ApprovalDocument, Optional>;
type Lists = readonly (readonly string[])[];
interface Asked extends Omit<Terms, Optional> {
  readonly principals: Lists;
  readonly remindMs?: number | undefined;
  readonly escalation?: { afterMs: number; roles: string[]; principals: Lists } | undefined;
}
type Verdict = Asked & Readonly<{ effect: Effect; code: string }>;

function truthOf(node: Json, subject: Json): Truth {
  const { expression } = node;
  if (expression !== undefined) return naiveOutcome(expression, subject as never);
  const operands = node['all'] ?? node['any'] ?? (node['not'] && [node['not']]);
  if (operands !== undefined) {
    const truths = new Set((operands as readonly Json[]).map((each) => truthOf(each, subject)));
    const [decisive, isNegated] = ['any' in node, 'not' in node];
    if (truths.has(decisive)) return decisive !== isNegated;
    return truths.has('error') ? 'error' : decisive === isNegated;
  }
  let value: unknown = subject;
  let present = true;
  for (const segment of String(node['path']).split('.')) {
    present &&= typeof value === 'object' && value !== null && Object.hasOwn(value, segment);
    value = present ? (value as Json)[segment] : undefined;
  }
  if (node['exists'] !== undefined) return present === node['exists'];
  return present ? compared(node, value) : 'error';
}

function compared(node: Json, value: unknown): Truth {
  const [operator = '', operand] = Object.entries(node).find(([name]) => name !== 'path') ?? [];
  if (['equals', 'notEquals', 'in', 'notIn'].includes(operator)) {
    if (typeof value === 'object' && value !== null) return 'error';
    return [operand].flat().includes(value) !== operator.startsWith('not');
  }
  if (['lessThan', 'atMost', 'moreThan', 'atLeast'].includes(operator)) {
    const [left, right] = [digits(value), digits(operand)];
    if (left === undefined || right === undefined) return 'error';
    if (left === right) return operator.startsWith('at');
    return left < right === (operator === 'lessThan' || operator === 'atMost');
  }
  if (typeof value !== 'string' || typeof operand !== 'string') return 'error';
  if (operator === 'startsWith') return value.startsWith(operand);
  return operator === 'endsWith' ? value.endsWith(operand) : value.includes(operand);
}

/** The number in units of 10^-18. */
function digits(value: unknown): bigint | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const parts = /^(-?)(0|[1-9]\d{0,29})(?:\.(\d{1,18}))?$/.exec(String(value));
  const [, sign = '', whole = '', fraction = ''] = parts ?? [];
  return parts ? BigInt(sign + whole + fraction.padEnd(18, '0')) : undefined;
}

/** Kept only to save time. */
const expressions = new Map<string, RegExp>();
const wildcards: Readonly<Record<string, string>> = { '?': '[^/]', '*': '[^/]*' };

export function globs(patterns: string | readonly string[], text: unknown): boolean {
  for (const pattern of [patterns].flat().filter((each) => !expressions.has(each))) {
    const literal = pattern.replaceAll(/[\\^$.|+()[\]{}]/gu, String.raw`\$&`);
    const source = literal.replaceAll(/\*+|\?/gu, (wild) => wildcards[wild] ?? '[^]*');
    expressions.set(pattern, new RegExp(`^${source}$`, 'u'));
  }
  return [patterns].flat().some((pattern) => expressions.get(pattern)?.test(String(text)));
}

/** What is known beside the call. */
export interface Known {
  readonly facts: readonly EvaluatorFact[];
  readonly history: Pick<SessionHistory, 'input' | 'counts' | 'labels' | 'allowed' | 'denied'>;
}

const speaks = (outcome: unknown): boolean => outcome === 'pass' || outcome === 'refuse';
const levels = ['low', 'medium', 'high', 'critical'];
const matches = (match: object = {}, request: Json): boolean =>
  Object.entries(match).every(([what, each]) => globs(each as string[], request[what]));

/** From when all who ask agree that others may decide: those on whom all agree. */
function naiveEscalation(asked: readonly Terms[]): Asked['escalation'] {
  const others = asked.map(({ escalation, ...base }) => escalation && { ...base, ...escalation });
  const all = others.flatMap((each) => each ?? []);
  const roles = [...new Set(all.flatMap((each) => each.roles))];
  const common = roles.filter((role) => all.every((each) => each.roles.includes(role)));
  if (all.length < asked.length || common.length === 0) return undefined;
  const principals = all.flatMap((each) => (each.principals ? [each.principals] : []));
  return { afterMs: Math.max(...all.map(({ afterMs }) => afterMs)), roles: common, principals };
}

export function naiveVerdict(document: PolicyDocument, request: Json, known: Known): Verdict {
  const roleNames = ['approver', 'admin'];
  const plain = { roles: roleNames, timeoutMs: 3_600_000, quorum: 1, reasonRequired: false };
  const usual: Terms = { ...plain, ...document.approvals };
  const nobody: Asked = { ...plain, principals: [] };
  const say = (effect: Effect, code: string, asks = nobody) => ({ ...asks, effect, code });
  const name = String(request['action']);
  const action = Object.hasOwn(document.actions, name) ? document.actions[name] : undefined;
  if (action === undefined) return say('deny', 'action-unknown');
  if (!globs(action.resource ?? '**', request['resource'])) return say('deny', 'policy-denied');
  const { guardrails = {}, assets, approvals: _, tiers, rules = [] } = document;
  const answers = new Map(known.facts.map((fact) => [fact.guardrail, fact]));
  const answerOf = (id: string): string | undefined => answers.get(id)?.outcome;
  const heard: [Effect, Terms][] = [];
  const classifiers = [...(document.risk?.classifiers ?? []), ...(assets?.classifiers ?? [])];
  const classified = classifiers.filter(({ match }) => matches(match, request));
  const said = new Set(classified.flatMap(({ id }) => answers.get(id)?.answer ?? []));
  const raised = [...said].map((each) => (levels.includes(each) ? each : assets?.risk?.[each]));
  const ranks = [action.risk ?? 'low', ...raised].map((each) => levels.indexOf(String(each)));
  const risk = levels[Math.max(...ranks)];
  const called = (guardrails.tool ?? []).filter(({ match }) => matches(match, request));
  const told = called.filter(({ id, effect }) => effect === 'inform' && speaks(answerOf(id)));
  const subject = {
    ...request,
    risk,
    counters: { ...known.history, riskScore: [1, 3, 5, 10][levels.indexOf(String(risk))] },
    guardrails: Object.fromEntries(told.map(({ id }) => [id, answerOf(id)])),
    assetClasses: [...said].filter((each) => !levels.includes(each)).toSorted(),
  };
  if (classified.some(({ id }) => answerOf(id) !== 'answered')) return say('deny', 'policy-error');
  for (const { id, effect = 'deny' } of called.filter((each) => each.effect !== 'inform')) {
    if (!speaks(answerOf(id))) return say('deny', 'policy-error');
    if (answerOf(id) === 'refuse') heard.push([effect as Effect, usual]);
  }
  const screens = guardrails.input?.some(({ match }) => matches(match, request)) ?? false;
  const { outcome, under = '' } = known.history.input ?? {};
  if (screens && (outcome !== 'pass' || under === 'other')) heard.push(['deny', usual]);
  const ceiling = levels.indexOf(document.autoApproveWhen?.riskAtMost ?? 'low');
  const hear = (effect: Effect, patterns: readonly string[] = []): void =>
    void (globs(patterns, name) && heard.push([effect, usual]));
  hear('deny', tiers?.blocked);
  hear('steer', tiers?.steer);
  hear('require-approval', tiers?.alwaysApprove);
  hear('allow', tiers?.unrestricted);
  const isAbove = levels.indexOf(String(risk)) > ceiling;
  hear(isAbove ? 'require-approval' : 'allow', tiers?.autoApprove);
  for (const { match, when, effect, approval } of rules) {
    if (!matches(match, request)) continue;
    const truth = when === undefined || truthOf(when, subject);
    if (truth === 'error') return say('deny', 'policy-error');
    if (truth) heard.push([effect, { ...usual, ...approval }]);
  }
  const has = (effect: Effect): boolean => heard.some(([each]) => each === effect);
  if (has('deny')) return say('deny', 'policy-denied');
  if (has('steer')) return say('steer', 'policy-steered');
  const asked = heard.filter(([effect]) => effect === 'require-approval').map(([, terms]) => terms);
  const roles = asked[0]?.roles.filter((role) => asked.every((each) => each.roles.includes(role)));
  if (roles?.length === 0) return say('deny', 'policy-error');
  const timeoutMs = Math.min(...asked.map((each) => each.timeoutMs));
  const quorum = Math.max(...asked.map((each) => each.quorum));
  const reasonRequired = asked.some((each) => each.reasonRequired);
  const principals = asked.flatMap((each) => (each.principals ? [each.principals] : []));
  const reminders = asked.flatMap((each) => each.remindMs ?? []);
  const remindMs = reminders.length > 0 ? Math.min(...reminders) : undefined;
  const joint = { timeoutMs, quorum, reasonRequired, principals, remindMs };
  const terms = { ...joint, roles: roles ?? [], escalation: naiveEscalation(asked) };
  if (roles) return say('require-approval', 'approval-required', terms);
  return has('allow') ? say('allow', 'allowed') : say('deny', 'policy-no-match');
}
