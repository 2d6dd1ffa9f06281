/**
 * Notifiers: whom the control plane tells what happened, and what it tells them.
 *
 * Delivery is at least once and, for each notifier, in the order of the log. The same notification always
 * has the same id, so that a receiver can drop what it has seen. A notification names digests and ids; it
 * carries no arguments, no results, no reasons that people wrote, and no secrets.
 */
import type { EventDataByType, EventType } from '../kernel/index.ts';

/** Events that can be notified of. */
export const notifiableEvents = [
  'ticket-requested',
  'ticket-endorsed',
  'ticket-edited',
  'ticket-escalated',
  'ticket-reminded',
  'ticket-approved',
  'ticket-denied',
  'ticket-cancelled',
  'ticket-expired',
  'kill-engaged',
  'kill-released',
  'heartbeat-lapsed',
  'budget-warned',
  'budget-exhausted',
  'budget-frozen',
  'budget-overrun',
  'agent-transitioned',
  'change-proposed',
  'tool-quarantined',
] as const satisfies readonly EventType[];

export type NotifiableEvent = (typeof notifiableEvents)[number];

/** What a notifier wants where it does not say. */
const usualEvents: readonly NotifiableEvent[] = [
  'ticket-requested',
  'ticket-escalated',
  'ticket-reminded',
  'ticket-approved',
  'ticket-denied',
  'ticket-expired',
  'ticket-cancelled',
  'kill-engaged',
  'kill-released',
  'budget-warned',
  'budget-exhausted',
];

export function isNotifiable(type: unknown): type is NotifiableEvent {
  return (notifiableEvents as readonly unknown[]).includes(type);
}

/** What happened. `body` is the same as canonical JSON (RFC 8785), without the attempt. */
export interface Notification {
  /** The same for every attempt, in every process. */
  readonly id: string;
  readonly type: NotifiableEvent;
  /** Log time, ms since the epoch. */
  readonly at: number;
  /** Index of the entry in the log. */
  readonly index: number;
  readonly session?: string;
  /** `*` where it concerns every org. */
  readonly org: string;
  /** The event's data, as the log has it. */
  readonly data: EventDataByType[NotifiableEvent];
  readonly body: string;
  /** From 1. */
  readonly attempt: number;
  /** When this attempt began by the control plane's clock, ms since the epoch. */
  readonly attemptedAt: number;
}

/** How often and at what distance a notification is sent again. */
export interface RetryTerms {
  /** After so many attempts it is given up; 12 by default, which takes about half an hour. */
  readonly attemptsMax?: number;
  /**
   * Wait before the second attempt, ms; 1,000 by default. It doubles each time, less up to a half by
   * chance.
   */
  readonly firstDelayMs?: number;
  /** Longest wait, ms; 600,000 by default. */
  readonly delayMsMax?: number;
}

export interface Notifier {
  /** Names its cursor in the log: under the same name it goes on where it was. */
  readonly name: string;
  /** MUST answer alike each time. A notification that is not wanted is passed over for good. */
  wants(notification: Notification): boolean;
  /**
   * MUST reject where the receiver did not take the notification, and SHOULD stop when the signal fires.
   * MAY be called again with a notification that was delivered.
   */
  deliver(notification: Notification, signal: AbortSignal): Promise<void>;
  /** Longest time for one attempt, ms; 10,000 by default. */
  readonly timeoutMs?: number;
  readonly retry?: RetryTerms;
}

/** What the notifiers of this library can be told about which notifications they take. */
export interface NotifierOptions {
  readonly name: string;
  /** The usual ones by default; unknown names are refused. */
  readonly events?: readonly NotifiableEvent[];
  /** Only of these orgs; what concerns every org is sent too. All by default. */
  readonly orgs?: readonly string[];
  readonly timeoutMs?: number;
  readonly retry?: RetryTerms;
}

/** Of those that every notifier of this library has. */
export const termsKnown = [
  'name',
  'events',
  'orgs',
  'timeoutMs',
  'retry',
] as const satisfies readonly (keyof NotifierOptions)[];

const retryKnown = [
  'attemptsMax',
  'firstDelayMs',
  'delayMsMax',
] as const satisfies readonly (keyof RetryTerms)[];

/** Throws a `TypeError` for a member that is not listed: a misspelt `orgs` would tell of every org. */
export function assertKnown(what: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${what} has no option \`${unknown}\``);
}

/** A notifier that calls a function, which rejects or throws where it could not take the notification. */
export function callbackNotifier(
  options: NotifierOptions,
  deliver: (notification: Notification, signal: AbortSignal) => Promise<void> | void,
): Notifier {
  assertKnown('a callback notifier', options, termsKnown);
  if (typeof deliver !== 'function') throw new TypeError('a callback notifier has a function');
  return Object.freeze({
    ...notifierTerms(options),
    deliver: async (notification: Notification, signal: AbortSignal) =>
      deliver(notification, signal),
  });
}

/** What every notifier has of its options; throws a `TypeError` where an event is unknown. */
export function notifierTerms(options: NotifierOptions): Omit<Notifier, 'deliver'> {
  const { name, events = usualEvents, orgs, timeoutMs, retry } = options;
  if (retry !== undefined) assertKnown('`retry` of a notifier', retry, retryKnown);
  for (const [option, list] of Object.entries({ events, orgs: orgs ?? [] })) {
    // A text would be taken for its letters, none of which is the org that was meant.
    if (!Array.isArray(list)) throw new TypeError(`\`${option}\` of a notifier is a list`);
  }
  const unknown = events.find((type) => !isNotifiable(type));
  if (unknown !== undefined) {
    throw new TypeError(`\`${String(unknown)}\` is no event that can be notified of`);
  }
  const wantedTypes: ReadonlySet<string> = new Set(events);
  const wantedOrgs = orgs === undefined ? undefined : new Set([...orgs, '*']);
  return {
    name,
    wants: ({ type, org }) => wantedTypes.has(type) && (wantedOrgs?.has(org) ?? true),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
  };
}
