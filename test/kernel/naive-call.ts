/** What agent, tool and policy say of one call, what it costs, and which kills it is under. */
import type { Command, KillScope, PolicyDocument } from '../../src/kernel/index.ts';
import { emptyHistory, parseAmount } from '../../src/kernel/index.ts';
import { globs } from './naive-condition.ts';
import { naiveVerdict } from './naive-policy.ts';

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;
type Json = Readonly<Record<string, unknown>>;
type Tool = Of<'register-tool'>['tool'];
export type Call = Of<'authorize'>;
export type Session = Of<'open-session'> & { status: string };

/** What exists, by name. */
export class Registered {
  policy: PolicyDocument = { format: 1, version: 0, actions: {} };
  readonly agents = new Map<string, Of<'register-agent'>['agent'] & { status: string }>();
  readonly tools = new Map<string, Tool>();
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
  const known = { facts: [], history: emptyHistory };
  const of = `${call.tool} ${call.argumentsDigest}`;
  const terms = { policy, cost, definition: call.definition };
  const runTimeoutMs = policy.actions[action]?.runTimeoutMs ?? 300_000;
  const answer = {
    ...naiveVerdict(policy, request, known),
    tool,
    action,
    of,
    terms,
    cost,
    runTimeoutMs,
  };
  const deny = (code: string): typeof answer => ({ ...answer, effect: 'deny', code });
  if (!globs(agents.get(agent)?.capabilities[0]?.actions ?? [], action))
    return deny('agent-not-capable');
  if (name !== '' && typeof given[name] !== 'string') return deny('resource-invalid');
  const isPriced = Object.values(cost).every((amount) => amount < Infinity);
  const isToPay = answer.effect === 'allow' || answer.effect === 'require-approval';
  return isToPay && !isPriced ? deny('amount-out-of-range') : answer;
}
