/**
 * What the design says a command comes to, without any cleverness: lists, loops, one step after the
 * other. It predicts a word for each command (`done`, a rejection code, or a decision's outcome)
 * and the budgets.
 */
import { type Command, checkPolicy } from '../../src/kernel/index.ts';
import { naiveAuthorize } from './naive-authorize.ts';
import { naivePermit } from './naive-permit.ts';
import { is, NaiveState, type Of, same } from './naive-state.ts';

export class NaiveModel {
  readonly state = new NaiveState();
  readonly #answers = new Map<string, { readonly payload: string; readonly word: string }>();

  submit(command: Command, now: number): string {
    this.state.step += 1;
    const { kind, by, idempotencyKey } = command;
    if (idempotencyKey === undefined) {
      return this.#handle(command, now).replace('unchanged', 'done');
    }
    const key = JSON.stringify([by.org, by.id, kind, idempotencyKey]);
    const payload = payloadOf(command);
    const earlier = this.#answers.get(key);
    if (earlier !== undefined) {
      if (earlier.payload !== payload) return 'idempotency-mismatch';
      const on = 'scope' in command && this.#kill(command)?.on === true;
      if (kind === 'release-kill' && earlier.word === 'done' && on) return 'idempotency-mismatch';
      const open = kind === 'engage-kill' && earlier.word === 'done' && !on;
      if (earlier.word !== 'require-approval' && !open) return earlier.word;
    }
    const word = this.#handle(command, now);
    if (word === 'unchanged') return 'done';
    // The control plane's own refusals are not written down: its timers simply try again.
    if (is(by, 'system') && word !== 'done') return word;
    this.#answers.set(key, { payload, word });
    return word;
  }

  #handle(command: Command, now: number): string {
    const { state } = this;
    switch (command.kind) {
      case 'open-session':
        return this.#open(command);
      case 'transition-session':
        return this.#transition(command);
      case 'register-agent':
        if (!is(command.by, 'admin')) return 'permission-denied';
        state.agents.set(command.agent.name, command.agent);
        return 'done';
      case 'register-tool': {
        const { tool, replace, by } = command;
        if (!is(by, 'admin')) return 'permission-denied';
        const known = state.tools.get(tool.name)?.definition ?? tool.definition;
        if (known !== tool.definition && !replace) return 'tool-changed';
        state.tools.set(tool.name, tool);
        return 'done';
      }
      case 'activate-policy':
        return this.#activate(command);
      case 'authorize':
        return naiveAuthorize(state, command, now);
      case 'start-permit':
      case 'settle-permit':
      case 'void-permit':
      case 'expire-permit':
        return naivePermit(state, command, now);
      case 'engage-kill':
      case 'release-kill':
        return this.#switch(command);
      default:
        return this.#decide(command, now);
    }
  }

  #open(command: Of<'open-session'>): string {
    const { sessions, agents, budgets } = this.state;
    if (!is(command.by, 'agent', 'operator', 'admin')) return 'permission-denied';
    if (sessions.has(command.session)) return 'session-exists';
    const agent = agents.get(command.agent);
    if (agent === undefined) return 'agent-unknown';
    if (!agent.enabled) return 'agent-disabled';
    const session = { ...command, status: command.activate ? 'active' : 'created', steers: [] };
    if (this.state.killed(session)) return 'killed';
    sessions.set(command.session, session);
    for (const unit of Object.keys(command.budget)) {
      const limit = command.budget[unit] ?? 0;
      budgets.set(`${command.session}|${unit}`, { limit, reserved: 0, posted: 0, frozen: false });
    }
    return 'done';
  }

  #transition({ by, session: id, transition }: Of<'transition-session'>): string {
    const session = this.state.sessions.get(id);
    const controls = is(by, 'operator', 'admin');
    if (session === undefined || session.by.org !== by.org) return 'session-unknown';
    if (!controls && !same(by, session.by)) return 'session-unknown';
    if (!controls && (transition === 'resume' || !is(by, 'agent'))) return 'permission-denied';
    const moves: Readonly<Record<string, string>> = {
      'created activate': 'active',
      'created abort': 'aborted',
      'active pause': 'paused',
      'active complete': 'completed',
      'active abort': 'aborted',
      'paused resume': 'active',
      'paused complete': 'completed',
      'paused abort': 'aborted',
    };
    const next = moves[`${session.status} ${transition}`];
    if (next === undefined) return 'transition-illegal';
    if (next === 'active' && this.state.killed(session)) return 'killed';
    session.status = next;
    if (next !== 'completed' && next !== 'aborted') return 'done';
    for (const ticket of this.state.tickets.values()) {
      if (ticket.session === session && ticket.status === 'pending') ticket.status = 'cancelled';
    }
    return 'done';
  }

  #activate({ by, document }: Of<'activate-policy'>): string {
    if (!is(by, 'admin')) return 'permission-denied';
    const checked = checkPolicy(document);
    if (!('document' in checked)) return 'policy-invalid';
    const active = this.state.policy;
    if (JSON.stringify(active) === JSON.stringify(document)) return 'unchanged';
    if (active !== undefined && checked.document.version <= active.version) {
      return 'policy-version-behind';
    }
    this.state.policy = checked.document;
    return 'done';
  }

  #kill({ scope }: Of<'engage-kill'>): { on: boolean; step: number } | undefined {
    return this.state.kills.find((kill) => JSON.stringify(kill.scope) === JSON.stringify(scope));
  }

  #switch(command: Of<'engage-kill'>): string {
    const { by, scope, kind } = command;
    const roles = scope.kind === 'system' ? ['admin'] : ['admin', 'operator'];
    const inOrg = scope.kind === 'system' || scope.org === by.org;
    if (!is(by, ...roles) || !inOrg) return 'permission-denied';
    if (command.commitments?.['reason'] === undefined) return 'reason-missing';
    const kill = this.#kill(command);
    if (kind === 'release-kill') {
      if (kill === undefined || !kill.on) return 'latch-not-engaged';
      kill.on = false;
    } else if (kill === undefined) {
      this.state.kills.push({ scope, on: true, step: this.state.step });
    } else {
      Object.assign(kill, { on: true, step: this.state.step });
    }
    return 'done';
  }

  #decide({ by, kind, ticket: id }: Of<'approve-ticket'>, now: number): string {
    const ticket = this.state.tickets.get(id);
    const system = is(by, 'system');
    const requester = ticket !== undefined && same(by, ticket.session.by);
    const sees = requester || is(by, 'approver', 'admin', 'operator');
    if (ticket === undefined) return 'ticket-unknown';
    if (!system && (ticket.session.by.org !== by.org || !sees)) return 'ticket-unknown';
    const open = ticket.status === 'pending' || ticket.status === 'approved';
    const due = now >= ticket.ends;
    if (kind === 'expire-ticket') {
      if (!system) return 'permission-denied';
      if (!open || !due) return 'not-due';
      ticket.status = 'expired';
      return 'done';
    }
    if (kind === 'cancel-ticket') {
      if (!requester && !is(by, 'operator', 'admin')) return 'permission-denied';
      if (!open) return 'ticket-not-pending';
    } else {
      if (requester) return 'self-approval';
      if (!is(by, 'approver', 'admin') || !is(by, ...ticket.roles)) return 'permission-denied';
      if (ticket.status !== 'pending') return 'ticket-not-pending';
    }
    if (due) {
      ticket.status = 'expired';
      return 'ticket-expired';
    }
    if (kind === 'approve-ticket') {
      const { session, call, action, step } = ticket;
      if (this.state.killed(session, { tool: call.tool, action }, step)) return 'killed';
      ticket.ends = now + (ticket.ends - ticket.asked);
    }
    ticket.status =
      { 'approve-ticket': 'approved', 'deny-ticket': 'denied' }[kind as string] ?? 'cancelled';
    return 'done';
  }
}

/** What the caller sent, without what the engine adds at each sending. */
function payloadOf(command: Command): string {
  const left = {
    ...command,
    id: 0,
    by: 0,
    idempotencyKey: 0,
    commitments: 0,
    arguments: 0,
    schema: 0,
  };
  return JSON.stringify(command.kind === 'open-session' ? { ...left, session: 0 } : left);
}
