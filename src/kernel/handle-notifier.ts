/**
 * Notifiers: what was delivered, and how far each has come in the log, which is their outbox.
 *
 * Several processes may send the same notification. Whoever records it first moves the cursor; the others get
 * the cursor as it is, and nothing changes.
 */
import type { AdvanceNotifier, RecordDelivery } from './command.ts';
import type { Event } from './event.ts';
import type { HandlerFor } from './handled.ts';
import { limits } from './limits.ts';
import { isName, quoted } from './name.ts';
import { isSystem } from './principal.ts';
import { reject } from './rejection.ts';

export const recordDelivery: HandlerFor<RecordDelivery> = (view, command, context) => {
  const { by, notifier, entry, outcome, attempts } = command;
  if (!isSystem(by)) return { rejection: reject('permission-denied') };
  const problem =
    nameProblem(notifier) ??
    (isIndexBelow(entry, context.index) ? undefined : `the log has no entry ${entry} yet`) ??
    (isIndexBelow(attempts - 1, limits.notificationAttemptsMax)
      ? undefined
      : `${attempts} is no number of attempts`);
  if (problem !== undefined) return { rejection: reject('delivery-invalid', problem) };
  const subject = { kind: 'notifier', key: notifier } as const;
  if (entry < (view.get('notifier', notifier)?.cursor ?? 0)) {
    return { events: [], subject, replayed: true };
  }
  const type = outcome === 'delivered' ? 'notification-delivered' : 'notification-abandoned';
  const told: Event = { type, data: { notifier, entry, attempts } };
  return { events: [told], subject };
};

export const advanceNotifier: HandlerFor<AdvanceNotifier> = (view, command, context) => {
  const { by, notifier, cursor } = command;
  if (!isSystem(by)) return { rejection: reject('permission-denied') };
  const problem =
    nameProblem(notifier) ??
    (isIndexBelow(cursor, context.index + 1)
      ? undefined
      : `cursor ${cursor} is behind the log’s end`);
  if (problem !== undefined) return { rejection: reject('delivery-invalid', problem) };
  const subject = { kind: 'notifier', key: notifier } as const;
  const known = view.get('notifier', notifier);
  if (known !== undefined && cursor <= known.cursor) {
    return { events: [], subject, replayed: true };
  }
  return { events: [{ type: 'notifier-advanced', data: { notifier, cursor } }], subject };
};

function nameProblem(notifier: string): string | undefined {
  return isName(notifier) ? undefined : `${quoted(notifier)} is no name of a notifier`;
}

function isIndexBelow(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end;
}
