/**
 * Footprints: which records a command may read, and which an event changed.
 *
 * `footprint` is asked again as records arrive, until it names nothing new: a ticket is known only once its
 * binding is. `touched` tells a follower which records another process's event made stale.
 */
import { budgetKey } from './budget/account.ts';
import { planAccounts } from './budget/plan-account.ts';
import { budgetSubject } from './budget/subject.ts';
import type { Command } from './command.ts';
import type { Event } from './event.ts';
import { commandKey } from './idempotency.ts';
import { latchKey } from './latch.ts';
import { lockKey, lockOf } from './lock.ts';
import { modelIdOf } from './model/model-call.ts';
import { everyOrg } from './org.ts';
import { principalKey } from './principal-record.ts';
import { type RecordKind, type RecordsByKind, type SessionRecord } from './record.ts';
import { bindingKey } from './ticket.ts';

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
      if (command.parent !== undefined) names.push(...sessionLine(command.parent, peek));
      break;
    case 'screen-input':
      names.push({ kind: 'session', key: command.session });
      break;
    case 'transition-session': {
      names.push({ kind: 'session', key: command.session });
      for (const ticket of peek('session', command.session)?.pendingTickets ?? []) {
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
    case 'expire-ticket': {
      names.push({ kind: 'ticket', key: command.ticket });
      const ticket = peek('ticket', command.ticket);
      if (ticket !== undefined) names.push({ kind: 'session', key: ticket.session });
      break;
    }
    default:
      break;
  }
  return names;
}

function budgetName(key: string): RecordName {
  return { kind: 'budget', key };
}

/** A session and those that it works on behalf of, with their budgets. */
function sessionLine(id: string, peek: Peek): readonly RecordName[] {
  const session = peek('session', id);
  const line = [id, ...(session?.ancestors ?? [])];
  return line.flatMap((each) => {
    const found = peek('session', each);
    const budgets = found === undefined ? [] : sessionBudgets(found);
    return [{ kind: 'session' as const, key: each }, ...budgets];
  });
}

/** The lease of a session; a session that never had one is not looked up. */
function leaseOf(session: string, peek: Peek): readonly RecordName[] {
  return peek('session', session)?.hadLease === true ? [{ kind: 'lease', key: session }] : [];
}

function leaseCommandFootprint(session: string, peek: Peek): readonly RecordName[] {
  const tickets = peek('session', session)?.pendingTickets ?? [];
  return [
    ...sessionLine(session, peek),
    { kind: 'lease', key: session },
    ...tickets.map((key) => ({ kind: 'ticket' as const, key })),
  ];
}

function sessionBudgets(session: SessionRecord): readonly RecordName[] {
  return session.units.map((unit) => budgetName(budgetKey(`session:${session.id}`, unit)));
}

function authorizeFootprint(
  command: Extract<Command, { readonly kind: 'authorize' }>,
  peek: Peek,
  at: number,
): readonly RecordName[] {
  const names: RecordName[] = [...sessionLine(command.session, peek)];
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
  const binding = bindingKey(session.id, command.tool, command.argumentsDigest);
  names.push({ kind: 'binding', key: binding });
  const found = peek('binding', binding);
  if (found !== undefined) names.push({ kind: 'ticket', key: found.ticket });
  return names;
}

/**
 * The records that an event changed, but for those of `unnamedKinds`: an event does not say whose permit it
 * is about.
 */
export function touched(event: Event): readonly RecordName[] {
  const names: RecordName[] = [];
  if (event.session !== undefined) names.push({ kind: 'session', key: event.session });
  if (event.data.idempotency !== undefined) {
    names.push({ kind: 'command', key: event.data.idempotency.key });
  }
  switch (event.type) {
    case 'session-opened':
      for (const unit of Object.keys(event.data.budget)) {
        names.push(budgetName(budgetKey(`session:${event.data.session}`, unit)));
      }
      break;
    case 'agent-registered':
      names.push({ kind: 'agent', key: event.data.name });
      break;
    case 'tool-registered':
      names.push({ kind: 'tool', key: event.data.name });
      break;
    case 'budget-warned':
    case 'budget-exhausted':
      names.push(budgetName(event.data.budget));
      break;
    case 'budget-set':
    case 'budget-closed':
      names.push({ kind: 'plans', key: event.data.org });
      break;
    case 'policy-activated':
      names.push({ kind: 'policy', key: 'active' });
      break;
    case 'prices-activated':
      names.push({ kind: 'prices', key: 'active' });
      break;
    case 'kill-engaged':
    case 'kill-released':
      names.push({ kind: 'latch', key: latchKey(event.data.scope) });
      break;
    case 'action-decided':
      names.push({ kind: 'decision', key: event.data.decision });
      names.push(...event.data.reservations.map(({ budget }) => budgetName(budget)));
      if (event.data.consumed) names.push({ kind: 'ticket', key: event.data.ticket });
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

/** The tickets, bindings and leases that an event changed. */
function touchedInSession(event: Event): readonly RecordName[] {
  const session = event.session ?? '';
  switch (event.type) {
    case 'lease-acquired':
    case 'lease-renewed':
    case 'lease-released':
    case 'lease-expired':
      return [{ kind: 'lease', key: session }];
    case 'ticket-requested': {
      const { ticket, tool, argumentsDigest } = event.data;
      return [
        { kind: 'ticket', key: ticket },
        { kind: 'binding', key: bindingKey(session, tool, argumentsDigest) },
      ];
    }
    case 'ticket-endorsed':
    case 'ticket-approved':
    case 'ticket-denied':
    case 'ticket-cancelled':
    case 'ticket-expired':
      return [{ kind: 'ticket', key: event.data.ticket }];
    default:
      return [];
  }
}
