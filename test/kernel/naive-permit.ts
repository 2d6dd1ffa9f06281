/** What a permit's start, settlement, voiding and expiry come to, plainly. */
import { is, type NaiveState, type Of, type Permit, same } from './naive-state.ts';

type PermitCommand = Of<'start-permit' | 'settle-permit' | 'void-permit' | 'expire-permit'>;

export function naivePermit(state: NaiveState, command: PermitCommand, now: number): string {
  const { by, kind } = command;
  const permit = state.permits.get(command.permit);
  const system = is(by, 'system');
  if (kind === 'expire-permit' && !system) return 'permission-denied';
  if (permit === undefined || (!system && !same(by, permit.session.by))) return 'permit-unknown';
  const { status } = permit;
  switch (kind) {
    case 'start-permit':
      return start(state, permit, now);
    case 'settle-permit': {
      if (status === 'issued') return 'permit-not-started';
      if (status !== 'started') return 'unchanged';
      permit.status = command.outcome;
      const reported = command.usage === 'reserved' ? {} : { ...command.usage };
      delete reported['actions'];
      resolve(state, permit, { ...permit.held, ...reported });
      return 'done';
    }
    case 'void-permit':
      if (status === 'voided' || status === 'expired') return 'unchanged';
      if (status !== 'issued') return 'permit-not-voidable';
      permit.status = 'voided';
      resolve(state, permit, {});
      return 'done';
    case 'expire-permit':
      if (status !== 'issued' && status !== 'started') return 'not-due';
      if (now < permit.ends) return 'not-due';
      permit.status = status === 'started' ? 'unknown' : 'expired';
      resolve(state, permit, status === 'started' ? permit.held : {});
      return 'done';
  }
}

function start(state: NaiveState, permit: Permit, now: number): string {
  const { session, call, action } = permit;
  if (permit.status !== 'issued') return 'permit-not-startable';
  if (now >= permit.ends) return 'permit-expired';
  if (session.status !== 'active') return 'session-not-active';
  if (state.agents.get(session.agent)?.enabled !== true) return 'agent-disabled';
  if (state.killed(session, { tool: call.tool, action }, permit.step)) return 'killed';
  if (state.tools.get(call.tool)?.definition !== call.definition) return 'tool-changed';
  if (state.policy?.version !== permit.version) return 'permit-not-startable';
  permit.status = 'started';
  permit.ends = now + permit.runMs;
  return 'done';
}

/** What was held is given back, what was used is posted; more than was held freezes the budget. */
function resolve(state: NaiveState, { session, held }: Permit, used: Record<string, number>): void {
  for (const [unit, amount] of Object.entries(held)) {
    const budget = state.budgets.get(`${session.session}|${unit}`);
    if (budget === undefined) throw new Error('held in a budget that is not there');
    budget.reserved -= amount;
    budget.posted += used[unit] ?? 0;
    budget.frozen ||= (used[unit] ?? 0) > amount;
  }
}
