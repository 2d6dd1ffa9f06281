/** What an authorization comes to: the main path of the design, one step after the other. */
import type { Amounts } from '../../src/kernel/index.ts';
import { globs, type NaiveVerdict, naiveVerdict } from './naive-policy.ts';
import { is, type NaiveState, type Of, same, type Session, type Ticket } from './naive-state.ts';

type Call = Of<'authorize'>;

export function naiveAuthorize(state: NaiveState, call: Call, now: number): string {
  if (!is(call.by, 'agent', 'operator', 'admin')) return 'permission-denied';
  const session = state.sessions.get(call.session);
  if (session === undefined || !same(call.by, session.by)) return 'session-unknown';
  if (session.status !== 'active') return 'deny session-not-active';
  const agent = state.agents.get(session.agent);
  if (agent?.enabled !== true) return `deny agent-${agent === undefined ? 'unknown' : 'disabled'}`;
  const tool = state.tools.get(call.tool);
  const action = tool?.action ?? '';
  if (state.killed(session, { tool: call.tool, action })) return 'deny killed';
  if (tool === undefined) return 'deny tool-unknown';
  if (tool.definition !== call.definition) return 'deny tool-changed';
  if (!globs(agent.actions, action)) return 'deny agent-not-capable';
  const resource = naiveResource(tool.resource, call.arguments);
  if (resource === undefined) return 'deny resource-invalid';
  if (state.policy === undefined) return 'deny policy-missing';
  const verdict = naiveVerdict(state.policy, {
    action,
    resource,
    tool: call.tool,
    arguments: call.arguments,
    agent: session.agent,
    principal: session.by.id,
    org: session.by.org,
    session: session.session,
  });
  if (verdict.effect === 'deny') return `deny ${verdict.code}`;
  if (verdict.effect === 'steer') {
    const times = session.steers.filter((each) => each === action).length;
    if (times > 3) return 'deny steer-retries-exhausted';
    session.steers.push(action);
    return 'steer';
  }
  const cost = naiveCost(tool.estimate, call);
  if (cost === undefined) return 'deny amount-out-of-range';
  return reserved(state, { session, call, action, verdict, cost }, now);
}

interface Request {
  readonly session: Session;
  readonly call: Call;
  readonly action: string;
  readonly verdict: NaiveVerdict;
  readonly cost: Amounts;
}

/** The approval, then the budgets, then the permit. */
function reserved(state: NaiveState, request: Request, now: number): string {
  const { session, call, action, verdict, cost } = request;
  const live = session.mode === 'live';
  const asks = verdict.effect === 'require-approval';
  const old = asks && live ? ticketFor(state, request) : undefined;
  const stands = old !== undefined && standsStill(state, old, request, now);
  if (stands && old.status === 'denied') return 'deny approval-denied';
  const budgets = Object.keys(session.budget)
    .toSorted()
    .map((unit) => ({
      unit,
      amount: cost[unit] ?? 0,
      budget: state.budgets.get(`${session.session}|${unit}`),
    }));
  for (const { budget, amount } of budgets) {
    if (budget?.frozen === true) return 'deny budget-frozen';
    if (budget === undefined || amount > budget.limit - budget.reserved - budget.posted) {
      return 'deny budget-exceeded';
    }
  }
  const version = state.policy?.version ?? 0;
  const asked = { session, call, action, version, step: state.step };
  if (asks && !(stands && old.status === 'approved')) {
    if (!live || (stands && old.status === 'pending')) return 'require-approval';
    if (old?.status === 'pending' || old?.status === 'approved') old.status = 'cancelled';
    state.tickets.set(call.id, {
      ...asked,
      status: 'pending',
      cost: textOf(cost),
      roles: verdict.roles,
      asked: now,
      ends: now + verdict.timeoutMs,
    });
    return 'require-approval';
  }
  if (stands) old.status = 'consumed';
  if (!live) return 'allow';
  for (const { budget, amount } of budgets) if (budget !== undefined) budget.reserved += amount;
  const runMs = state.policy?.actions[action]?.runTimeoutMs ?? 300_000;
  state.permits.set(call.id, {
    ...asked,
    runMs,
    held: Object.fromEntries(budgets.map((b) => [b.unit, b.amount])),
    status: call.start ? 'started' : 'issued',
    ends: now + (call.start ? runMs : 60_000),
  });
  return 'allow';
}

/** The last ticket for the same tool and arguments in the session. */
function ticketFor(state: NaiveState, { session, call }: Request): Ticket | undefined {
  return [...state.tickets.values()].findLast(
    (ticket) =>
      ticket.session === session &&
      ticket.call.tool === call.tool &&
      ticket.call.argumentsDigest === call.argumentsDigest,
  );
}

/** Whether what was asked then is what is asked now, and nothing has voided it. */
function standsStill(state: NaiveState, ticket: Ticket, request: Request, now: number): boolean {
  const { session, call, action, cost } = request;
  if (now >= ticket.ends || ticket.version !== state.policy?.version) return false;
  if (ticket.call.definition !== call.definition || ticket.cost !== textOf(cost)) return false;
  return !state.killed(session, { tool: call.tool, action }, ticket.step);
}

function textOf(cost: Amounts): string {
  const stated = Object.entries(cost).filter(([, amount]) => amount > 0);
  return stated
    .map(([unit, amount]) => `${unit} ${amount}`)
    .toSorted()
    .join();
}

function naiveCost(
  terms: Of<'register-tool'>['tool']['estimate'],
  call: Call,
): Amounts | undefined {
  const cost: Record<string, number> = { actions: 1 };
  const given = call.arguments as Readonly<Record<string, unknown>>;
  for (const [unit, term] of Object.entries(terms)) {
    // The tools of these tests name whole dollars, in strings.
    const value = 'amount' in term ? term.amount : given[term.argument];
    if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined;
    cost[unit] = typeof value === 'string' ? Number(value) * 1_000_000 : Number(value);
  }
  for (const [unit, amount] of Object.entries(call.estimate)) {
    cost[unit] = Math.max(cost[unit] ?? 0, amount);
  }
  return cost;
}

function naiveResource(template: string, given: unknown): string | undefined {
  const name = /\{(\w+)\}/.exec(template)?.[1];
  if (name === undefined) return template;
  const value = (given as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? template.replace(`{${name}}`, value) : undefined;
}
