/**
 * What policy, agent and tool say of one call by itself, slowly and plainly: a walk over each
 * condition, a regular expression for each glob, no index, no closures.
 */
import type { Command, KillScope, PolicyDocument } from '../../src/kernel/index.ts';
import { parseAmount } from '../../src/kernel/index.ts';

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;
type Json = Readonly<Record<string, unknown>>;
type Truth = boolean | 'error';
type Effect = 'allow' | 'require-approval' | 'steer' | 'deny';
type Terms = Readonly<{ roles: readonly string[]; timeoutMs: number }>;
type Verdict = Terms & Readonly<{ effect: Effect; code: string }>;
type Tool = Of<'register-tool'>['tool'];
export type Call = Of<'authorize'>;
export type Session = Of<'open-session'> & { status: string };

/** What exists, by name. */
export class Registered {
  policy: PolicyDocument = { format: 1, version: 0, actions: {} };
  readonly agents = new Map<string, Of<'register-agent'>['agent']>();
  readonly tools = new Map<string, Tool>();
}

function truthOf(node: Json, subject: Json): Truth {
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

function globs(patterns: string | readonly string[], text: unknown): boolean {
  for (const pattern of [patterns].flat().filter((each) => !expressions.has(each))) {
    const literal = pattern.replaceAll(/[\\^$.|+()[\]{}]/gu, String.raw`\$&`);
    const source = literal.replaceAll(/\*+|\?/gu, (wild) => wildcards[wild] ?? '[^]*');
    expressions.set(pattern, new RegExp(`^${source}$`, 'u'));
  }
  return [patterns].flat().some((pattern) => expressions.get(pattern)?.test(String(text)));
}

export function naiveVerdict(document: PolicyDocument, request: Json): Verdict {
  const usual = { roles: ['approver', 'admin'], timeoutMs: 3_600_000, ...document.approvals };
  const say = (effect: Effect, code: string, terms: Terms = usual) => ({ ...terms, effect, code });
  const name = String(request['action']);
  const action = Object.hasOwn(document.actions, name) ? document.actions[name] : undefined;
  if (action === undefined) return say('deny', 'action-unknown');
  if (!globs(action.resource ?? '**', request['resource'])) return say('deny', 'policy-denied');
  const levels = ['low', 'medium', 'high', 'critical'];
  const { risk = 'low' } = action;
  const ceiling = levels.indexOf(document.autoApproveWhen?.riskAtMost ?? 'low');
  const heard: [Effect, Terms][] = [];
  const hear = (effect: Effect, patterns: readonly string[] = []): void =>
    void (globs(patterns, name) && heard.push([effect, usual]));
  hear('deny', document.tiers?.blocked);
  hear('steer', document.tiers?.steer);
  hear('require-approval', document.tiers?.alwaysApprove);
  hear('allow', document.tiers?.unrestricted);
  hear(levels.indexOf(risk) > ceiling ? 'require-approval' : 'allow', document.tiers?.autoApprove);
  for (const { match = {}, when, effect, approval } of document.rules ?? []) {
    const patterns = Object.entries(match) as [string, string | readonly string[]][];
    if (!patterns.every(([what, each]) => globs(each, request[what]))) continue;
    const truth = when === undefined || truthOf(when, { ...request, risk });
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
  if (roles) return say('require-approval', 'approval-required', { roles, timeoutMs });
  return has('allow') ? say('allow', 'allowed') : say('deny', 'policy-no-match');
}

/** Whether a kill of the scope is one of the session, or of a call with the tool in it. */
export function covers(scope: KillScope, { by, agent, session }: Session, tool?: Tool): boolean {
  const [kind = '', org = by.org, name] = Object.values<string>({ ...scope });
  const names = { principal: by.id, agent, session, tool: tool?.name, action: tool?.action };
  return org === by.org && new Map(Object.entries(names)).get(kind) === name;
}

/** What agent, tool and policy say of a call, what it costs, and what its approval is bound to. */
export function naiveAnswer({ policy, agents, tools }: Registered, session: Session, call: Call) {
  const tool = tools.get(call.tool);
  const { action = '', resource: template = '', estimate = {} } = tool ?? {};
  const { agent, by } = session;
  const given = call.arguments as Json;
  const name = /\{(\w+)\}/.exec(template)?.[1] ?? '';
  const resource = template.replace(`{${name}}`, String(given[name]));
  const request = { ...call, action, resource, agent, principal: by.id, org: by.org };
  const cost: Record<string, number> = { actions: 1, ...call.estimate };
  for (const [unit, term] of Object.entries(estimate)) {
    const amount = 'amount' in term ? term.amount : parseAmount(unit, given[term.argument]);
    cost[unit] = Math.max(cost[unit] ?? 0, amount ?? Infinity);
  }
  const of = `${call.tool} ${call.argumentsDigest}`;
  const terms = { policy, cost, definition: call.definition };
  const runTimeoutMs = policy.actions[action]?.runTimeoutMs ?? 300_000;
  const answer = { ...naiveVerdict(policy, request), tool, action, of, terms, cost, runTimeoutMs };
  const deny = (code: string): typeof answer => ({ ...answer, effect: 'deny', code });
  if (!globs(agents.get(agent)?.actions ?? [], action)) return deny('agent-not-capable');
  if (name !== '' && typeof given[name] !== 'string') return deny('resource-invalid');
  const isPriced = Object.values(cost).every((amount) => amount < Infinity);
  const isToPay = answer.effect === 'allow' || answer.effect === 'require-approval';
  return isToPay && !isPriced ? deny('amount-out-of-range') : answer;
}
