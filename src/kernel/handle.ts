/**
 * `handle`: one command against the current state. Pure: no clock, no randomness, no I/O, no waiting.
 *
 * Every command ends in events and an answer. A refusal is an event too (except of the control plane's own
 * expiries, which are retried by timers), so that whoever reads the log sees what was tried.
 */
import { authorize } from './decision/authorize.ts';
import type { Command } from './command.ts';
import type { Event } from './event.ts';
import {
  type Handled,
  type HandleContext,
  type HandlerFor,
  type HandlerResult,
} from './handled.ts';
import { withFourEyes } from './registry/four-eyes.ts';
import { closeBudget, setBudget } from './budget/handle-budget.ts';
import { heartbeat, lapseHeartbeat } from './kill/heartbeat.ts';
import { issueKey, revokeKey } from './rights/handle-key.ts';
import { switchKill } from './kill/handle-kill.ts';
import { advanceNotifier, recordDelivery } from './handle-notifier.ts';
import { acquireLease, expireLease, releaseLease, renewLease } from './session/handle-lease.ts';
import { expirePermit, settlePermit, startPermit, voidPermit } from './decision/handle-permit.ts';
import { reconcileUsage } from './budget/handle-reconciliation.ts';
import {
  activatePolicy,
  activatePrices,
  controlAgent,
  registerAgent,
  registerTool,
} from './registry/handle-registry.ts';
import { screenInput } from './session/handle-screening.ts';
import { revokeGrant } from './approval/handle-grant.ts';
import { issueHandoff } from './session/handle-handoff.ts';
import { openSession, transitionSession } from './session/handle-session.ts';
import { remindTicket } from './approval/remind-ticket.ts';
import { decideTicket } from './approval/handle-ticket.ts';
import { commandKey, fingerprintOf, isFinal } from './idempotency.ts';
import { latchKey } from './kill/latch.ts';
import { isSystem } from './principal.ts';
import type { StateView, StoredAnswer } from './record.ts';
import { reject } from './rejection.ts';
import { credentialRefusal } from './rights/rights.ts';
import { approveTool, quarantineTool } from './tool/quarantine.ts';

export function handle(view: StateView, command: Command, context: HandleContext): Handled {
  const lapsed = credentialRefusal(view, command, context.now);
  if (lapsed !== undefined) return settled(command, { rejection: lapsed });
  const key = commandKey(command);
  if (key === undefined) return settled(command, route(view, command, context));
  const fingerprint = fingerprintOf(command);
  const stored = view.get('command', key);
  if (stored !== undefined) {
    if (stored.fingerprint !== fingerprint) {
      return settled(command, { rejection: reject('idempotency-mismatch') });
    }
    if (isFinal(view, command, stored.answer)) {
      return replayed(view, command, stored.answer);
    }
  }
  const handled = settled(command, route(view, command, context));
  return { ...handled, events: remembered(handled, key, fingerprint) };
}

function replayed(view: StateView, command: Command, answer: StoredAnswer): Handled {
  // A release that was answered once does not vouch for a latch that was engaged again since.
  const released = command.kind === 'release-kill' && answer.status === 'done';
  if (released && view.get('latch', latchKey(command.scope))?.engaged) {
    const message = 'the key was used for an earlier release, and the kill switch is engaged again';
    return settled(command, { rejection: reject('idempotency-mismatch', message) });
  }
  return { events: [], answer, replayed: true };
}

function route(view: StateView, command: Command, context: HandleContext): HandlerResult {
  const handler = handlers[command.kind] as HandlerFor<Command>;
  return withFourEyes(view, command, handler(view, command, context), context);
}

const handlers: {
  readonly [K in Command['kind']]: HandlerFor<Extract<Command, { readonly kind: K }>>;
} = {
  'open-session': openSession,
  'transition-session': transitionSession,
  'register-agent': registerAgent,
  'control-agent': controlAgent,
  'issue-handoff': issueHandoff,
  'register-tool': registerTool,
  'quarantine-tool': quarantineTool,
  'approve-tool': approveTool,
  'activate-policy': activatePolicy,
  'activate-prices': activatePrices,
  authorize,
  'screen-input': screenInput,
  'start-permit': startPermit,
  'settle-permit': settlePermit,
  'void-permit': voidPermit,
  'expire-permit': expirePermit,
  'approve-ticket': decideTicket,
  'deny-ticket': decideTicket,
  'cancel-ticket': decideTicket,
  'expire-ticket': decideTicket,
  'remind-ticket': remindTicket,
  'revoke-grant': revokeGrant,
  'engage-kill': switchKill,
  'release-kill': switchKill,
  'set-budget': setBudget,
  'close-budget': closeBudget,
  'reconcile-usage': reconcileUsage,
  'issue-key': issueKey,
  'revoke-key': revokeKey,
  'record-delivery': recordDelivery,
  'advance-notifier': advanceNotifier,
  'acquire-lease': acquireLease,
  'renew-lease': renewLease,
  'release-lease': releaseLease,
  'expire-lease': expireLease,
  heartbeat,
  'lapse-heartbeat': lapseHeartbeat,
};

/** Turns a handler's result into events and an answer, and puts the commitments on the first event. */
function settled(command: Command, result: HandlerResult): Handled {
  const events = [...(result.events ?? [])];
  let answer: StoredAnswer;
  if ('rejection' in result) {
    const { rejection } = result;
    answer = { status: 'rejected', rejection };
    if (!isSystem(command.by)) events.push(rejectionEvent(command, answer));
  } else {
    answer = { status: 'done', ...result.subject };
  }
  const [first, ...rest] = events;
  if (first !== undefined && command.commitments !== undefined) {
    const { commitments } = command;
    const committed = { ...first, data: { ...first.data, commitments } } as Event;
    return { events: [committed, ...rest], answer, replayed: false };
  }
  const again = 'replayed' in result && (result.replayed ?? false);
  return { events, answer, replayed: again };
}

function rejectionEvent(
  command: Command,
  answer: Extract<StoredAnswer, { readonly status: 'rejected' }>,
): Event {
  return {
    type: 'command-rejected',
    data: {
      command: command.kind,
      subject: subjectText(command),
      rejection: answer.rejection,
    },
  };
}

/** What a refused command was about, for whoever reads the log. */
function subjectText(command: Command): string {
  switch (command.kind) {
    case 'open-session':
    case 'transition-session':
    case 'authorize':
    case 'screen-input':
    case 'issue-handoff':
    case 'acquire-lease':
    case 'renew-lease':
    case 'release-lease':
    case 'expire-lease':
      return command.session;
    case 'register-agent':
      return command.agent.name;
    case 'control-agent':
      return command.agent;
    case 'register-tool':
    case 'quarantine-tool':
      return command.tool.name;
    case 'approve-tool':
      return command.tool;
    case 'activate-policy':
    case 'activate-prices':
      return command.hash;
    case 'start-permit':
    case 'settle-permit':
    case 'void-permit':
    case 'expire-permit':
      return command.permit;
    case 'engage-kill':
    case 'release-kill':
      return latchKey(command.scope);
    case 'set-budget':
    case 'close-budget':
    case 'reconcile-usage':
    case 'heartbeat':
    case 'lapse-heartbeat':
      return command.org;
    case 'issue-key':
      return command.key.id;
    case 'revoke-key':
      return command.key;
    case 'revoke-grant':
      return command.grant;
    case 'record-delivery':
    case 'advance-notifier':
      return command.notifier;
    default:
      return command.ticket;
  }
}

/** The answer to a keyed command is kept with its last event. */
function remembered(handled: Handled, key: string, fingerprint: string): readonly Event[] {
  const last = handled.events.at(-1);
  if (last === undefined) return handled.events;
  const idempotency = { key, fingerprint, answer: handled.answer };
  const kept = { ...last, data: { ...last.data, idempotency } } as Event;
  return [...handled.events.slice(0, -1), kept];
}
