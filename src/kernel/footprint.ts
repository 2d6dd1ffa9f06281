/**
 * Footprints: which records a command may read, and which an event changed.
 *
 * `footprint` is asked again as records arrive, until it names nothing new: a ticket is known only once its
 * binding is. `touched` tells a follower which records another process's event made stale.
 */
import { agentKey } from './rights/agent.ts';
import { budgetKey } from './budget/account.ts';
import { planAccounts } from './budget/plan-account.ts';
import { budgetSubject } from './budget/subject.ts';
import type { Command } from './command.ts';
import type { Event } from './event.ts';
import { commandKey } from './idempotency.ts';
import { holderKey } from './approval/grant-terms.ts';
import { latchKey } from './kill/latch.ts';
import { lockKey, lockOf } from './decision/lock.ts';
import { modelIdOf } from './model/model-call.ts';
import { everyOrg } from './org.ts';
import { principalKey } from './session/principal-record.ts';
import { type RecordKind, type RecordsByKind, type SessionRecord } from './record.ts';
import { bindingKey } from './approval/ticket.ts';

/** Kinds of records that events change without naming them. */
export const unnamedKinds: readonly RecordKind[] = ['principal', 'lock'];

export interface RecordName {
  readonly kind: RecordKind;
  readonly key: string;
}

/** A look at what is loaded: the record, or undefined where it is absent or not loaded yet. */
export type Peek = <K extends RecordKind>(kind: K, key: string) => RecordsByKind[K] | undefined;

/** The records that `handle` and `apply` may read for a command at a log time, as far as `peek` can tell. */
export function footprint(command: Command, peek: Peek, at: number): readonly RecordName[] {
  const names: RecordName[] = [];
  const key = commandKey(command);
  if (key !== undefined) {
    names.push({ kind: 'command', key });
    const stored = peek('command', key);
    if (stored?.answer.status === 'done') {
      names.push({ kind: stored.answer.kind, key: stored.answer.key });
    }
  }
  switch (command.kind) {
    case 'open-session':
      names.push({ kind: 'session', key: command.session });
      if (command.handoff !== undefined) {
        names.push({ kind: 'handoff', key: command.handoff });
        const offered = peek('handoff', command.handoff);
        if (offered !== undefined) names.push(...sessionLine(offered.session, peek));
      }
      if (command.parent !== undefined) names.push(...sessionLine(command.parent, peek));
      break;
    case 'issue-handoff':
      names.push({ kind: 'handoff', key: command.handoff });
      names.push(...sessionLine(command.session, peek));
      break;
    case 'screen-input':
      names.push(...sessionLine(command.session, peek));
      break;
    case 'transition-session': {
      names.push({ kind: 'session', key: command.session });
      const session = peek('session', command.session);
      if (session !== undefined) names.push({ kind: 'principal', key: principalKey(session) });
      for (const ticket of session?.pendingTickets ?? []) {
        names.push({ kind: 'ticket', key: ticket });
      }
      names.push(...leaseOf(command.session, peek));
      break;
    }
    case 'acquire-lease':
    case 'renew-lease':
    case 'release-lease':
    case 'expire-lease':
      names.push(...leaseCommandFootprint(command.session, peek));
      break;
    case 'authorize':
      names.push(...authorizeFootprint(command, peek, at));
      break;
    case 'start-permit':
    case 'settle-permit':
    case 'void-permit':
    case 'expire-permit': {
      names.push({ kind: 'decision', key: command.permit });
      const decision = peek('decision', command.permit);
      if (decision === undefined) break;
      names.push(...sessionLine(decision.session, peek));
      names.push({ kind: 'principal', key: principalKey(decision) });
      names.push(...leaseOf(decision.session, peek));
      if (decision.lock === true) names.push({ kind: 'lock', key: lockKey(decision) });
      names.push(...decision.reservations.map(({ budget }) => budgetName(budget)));
      break;
    }
    case 'approve-ticket':
    case 'deny-ticket':
    case 'cancel-ticket':
    case 'expire-ticket':
    case 'remind-ticket':
      names.push(...ticketFootprint(command, peek));
      break;
    default:
      break;
  }
  return names;
}

function ticketFootprint(
  { ticket: key, edit }: Extract<Command, { readonly ticket: string }>,
  peek: Peek,
): readonly RecordName[] {
  const names: RecordName[] = [{ kind: 'ticket', key }];
  const ticket = peek('ticket', key);
  if (ticket === undefined) return names;
  for (const session of [ticket.session, ...(ticket.ancestors ?? [])]) {
    names.push({ kind: 'session', key: session });
  }
  names.push({ kind: 'principal', key: principalKey(ticket) });
  if (edit === undefined) return names;
  return [...names, ...bound(ticket.session, ticket.tool, edit.argumentsDigest, peek)];
}

function budgetName(key: string): RecordName {
  return { kind: 'budget', key };
}

/** A session and those that it works on behalf of, with their budgets. */
function sessionLine(id: string, peek: Peek): RecordName[] {
  const session = peek('session', id);
  const names = withBudgets(id, session);
  for (const each of session?.ancestors ?? []) {
    names.push(...withBudgets(each, peek('session', each)));
  }
  return names;
}

/** The lease of a session; a session that never had one is not looked up. */
function leaseOf(session: string, peek: Peek): readonly RecordName[] {
  return peek('session', session)?.hadLease === true ? [{ kind: 'lease', key: session }] : [];
}

function leaseCommandFootprint(session: string, peek: Peek): readonly RecordName[] {
  const found = peek('session', session);
  const tickets = found?.pendingTickets ?? [];
  const owner = found === undefined ? [] : [principalKey(found)];
  return [
    ...sessionLine(session, peek),
    { kind: 'lease', key: session },
    ...owner.map((key) => ({ kind: 'principal' as const, key })),
    ...tickets.map((key) => ({ kind: 'ticket' as const, key })),
  ];
}

function withBudgets(id: string, session: SessionRecord | undefined): RecordName[] {
  const names: RecordName[] = [{ kind: 'session', key: id }];
  for (const unit of session?.units ?? []) {
    names.push(budgetName(budgetKey(`session:${id}`, unit)));
  }
  return names;
}

function authorizeFootprint(
  command: Extract<Command, { readonly kind: 'authorize' }>,
  peek: Peek,
  at: number,
): readonly RecordName[] {
  const names = sessionLine(command.session, peek);
  const session = peek('session', command.session);
  if (session === undefined) return names;
  names.push({ kind: 'principal', key: principalKey(session) });
  names.push(...leaseOf(session.id, peek));
  const lock = lockOf(command, session, peek);
  if (lock !== undefined) names.push({ kind: 'lock', key: lock });
  const plans = [peek('plans', session.org), peek('plans', everyOrg)];
  const model =
    command.model === undefined
      ? undefined
      : modelIdOf(peek('prices', 'active'), command.model.name);
  const subject = budgetSubject(command, session, peek('tool', command.tool), model);
  const attributed = planAccounts(plans, subject, at);
  if ('accounts' in attributed) {
    names.push(...attributed.accounts.flatMap(({ counted }) => counted.map(budgetName)));
  }
  if (!session.hadTickets) return names;
  return [...names, ...bound(session.id, command.tool, command.argumentsDigest, peek)];
}

/** The binding of a call, and the ticket that it finds. */
function bound(
  session: string,
  tool: string,
  argumentsDigest: string,
  peek: Peek,
): readonly RecordName[] {
  const key = bindingKey(session, tool, argumentsDigest);
  const binding = { kind: 'binding', key } as const;
  const found = peek('binding', key);
  return found === undefined ? [binding] : [binding, { kind: 'ticket', key: found.ticket }];
}

/**
 * The records that an event changed, but for those of `unnamedKinds`: an event does not say whose permit it
 * is about.
 */
export function touched(event: Event): readonly RecordName[] {
  const names: RecordName[] = [...touchedByMembers(event)];
  const registered = registryRecord(event);
  if (registered !== undefined) names.push(registered);
  switch (event.type) {
    case 'session-opened':
      if (event.data.handoff !== undefined) {
        names.push({ kind: 'handoff', key: event.data.handoff });
      }
      for (const unit of Object.keys(event.data.budget)) {
        names.push(budgetName(budgetKey(`session:${event.data.session}`, unit)));
      }
      break;
    case 'budget-warned':
    case 'budget-exhausted':
      names.push(budgetName(event.data.budget));
      break;
    case 'budget-set':
    case 'budget-closed':
      names.push({ kind: 'plans', key: event.data.org });
      break;
    case 'action-decided':
      names.push({ kind: 'decision', key: event.data.decision });
      names.push(...event.data.reservations.map(({ budget }) => budgetName(budget)));
      if (event.data.consumed) names.push({ kind: 'ticket', key: event.data.ticket });
      if (event.data.grant !== undefined) {
        names.push({ kind: 'grants', key: event.data.grant.holder });
      }
      break;
    case 'permit-started':
      names.push({ kind: 'decision', key: event.data.permit });
      break;
    case 'permit-settled':
    case 'permit-voided':
    case 'permit-expired':
      names.push({ kind: 'decision', key: event.data.permit });
      names.push(...event.data.resolved.map(({ budget }) => budgetName(budget)));
      break;
    case 'usage-late':
      names.push({ kind: 'decision', key: event.data.permit });
      names.push(...event.data.debts.map(({ budget }) => budgetName(budget)));
      break;
    default:
      names.push(...touchedInSession(event));
      break;
  }
  return names;
}

/** The tickets, bindings, grants and leases that an event changed. */
function touchedInSession(event: Event): readonly RecordName[] {
  const session = event.session ?? '';
  switch (event.type) {
    case 'lease-acquired':
    case 'lease-renewed':
    case 'lease-released':
    case 'lease-expired':
      return [{ kind: 'lease', key: session }];
    case 'ticket-edited':
    case 'ticket-requested': {
      const { ticket, tool, argumentsDigest } = event.data;
      return [
        { kind: 'ticket', key: ticket },
        { kind: 'binding', key: bindingKey(session, tool, argumentsDigest) },
      ];
    }
    case 'ticket-approved': {
      const { ticket, grant } = event.data;
      const given = grant === undefined ? [] : [{ kind: 'grants' as const, key: grant.holder }];
      return [{ kind: 'ticket', key: ticket }, ...given];
    }
    case 'ticket-escalated':
    case 'ticket-reminded':
    case 'ticket-endorsed':
    case 'ticket-denied':
    case 'ticket-cancelled':
    case 'ticket-expired':
      return [{ kind: 'ticket', key: event.data.ticket }];
    default:
      return [];
  }
}

/** The one record of an event about what exists, or who may. */
function registryRecord(event: Event): RecordName | undefined {
  switch (event.type) {
    case 'grant-revoked':
      return { kind: 'grants', key: holderKey(event.data) };
    case 'agent-registered':
      return { kind: 'agent', key: agentKey(event.data.org, event.data.name) };
    case 'agent-transitioned':
      return { kind: 'agent', key: agentKey(event.data.org, event.data.agent) };
    case 'handoff-issued':
      return { kind: 'handoff', key: event.data.handoff };
    case 'tool-registered':
    case 'tool-quarantined':
    case 'tool-approved':
      return { kind: 'tool', key: event.data.name };
    case 'policy-activated':
      return { kind: 'policy', key: 'active' };
    case 'prices-activated':
      return { kind: 'prices', key: 'active' };
    case 'kill-engaged':
    case 'kill-released':
      return { kind: 'latch', key: latchKey(event.data.scope) };
    case 'operator-heartbeat':
    case 'heartbeat-lapsed':
      return { kind: 'heartbeat', key: event.data.org };
    case 'key-issued':
      return { kind: 'key', key: event.data.id };
    case 'key-revoked':
      return { kind: 'key', key: event.data.key };
    case 'change-proposed':
    case 'change-confirmed':
      return { kind: 'proposal', key: event.data.proposal };
    default:
      return undefined;
  }
}

/** The records that an event names by members which events of several types have. */
function touchedByMembers({ session, data }: Event): readonly RecordName[] {
  const names: RecordName[] = [];
  if (session !== undefined) names.push({ kind: 'session', key: session });
  if (data.idempotency !== undefined) names.push({ kind: 'command', key: data.idempotency.key });
  if ('notifier' in data) names.push({ kind: 'notifier', key: data.notifier });
  return names;
}
