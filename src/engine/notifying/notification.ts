/** What a notification says of an entry, the same in every process and at every attempt. */
import { hash } from 'node:crypto';
import { everyOrg, type SessionRecord } from '../../kernel/index.ts';
import { canonicalJson } from '../../log/index.ts';
import { isNotifiable, type Notification } from '../../notify/notifier.ts';
import type { PlacedEvent } from '../store/placed-event.ts';
import type { CoreOptions } from '../core/core.ts';

type Unsent = Omit<Notification, 'attempt' | 'attemptedAt'>;

/** Commitments and stored answers are left out: they say nothing to a receiver. */
export function notificationOf(
  log: string,
  notifier: string,
  placed: PlacedEvent,
  { org }: { readonly org: string },
): Unsent {
  const { index, at, event } = placed;
  if (!isNotifiable(event.type)) throw new Error(`assertion: ${event.type} is not notified of`);
  const { commitments: _, idempotency: __, ...data } = event.data;
  const told = {
    id: notificationId(log, notifier, placed),
    type: event.type,
    at,
    index,
    ...(event.session === undefined ? {} : { session: event.session }),
    org,
    data: data as Unsent['data'],
  };
  return { ...told, body: canonicalJson(told) };
}

/** Two logs of one name in two installations differ in the command's id. */
function notificationId(log: string, notifier: string, { index, command }: PlacedEvent): string {
  const text = canonicalJson([log, index, command, notifier]);
  return `msg_${hash('sha256', text, 'hex').slice(0, 32)}`;
}

/** Whose event it is: its session's org, the org it names, or else the org of who caused it. */
export async function orgOf(
  { storage, replica }: CoreOptions,
  { event, by }: PlacedEvent,
): Promise<string> {
  if (event.type === 'kill-engaged' || event.type === 'kill-released') {
    return event.data.scope.kind === 'system' ? everyOrg : event.data.scope.org;
  }
  // Tools are one for all orgs.
  if (event.type === 'tool-quarantined') return everyOrg;
  // And so is the policy; of other changes the event says no more than who proposed them.
  if (event.type === 'change-proposed' && event.data.change === 'activate-policy') return everyOrg;
  if (event.session === undefined) {
    // Whatever is about an org names it.
    return 'org' in event.data && typeof event.data.org === 'string' ? event.data.org : by.org;
  }
  const key = event.session;
  const known = replica.cache.peek('session', key);
  if (known !== undefined) return known.org;
  const { records } = await storage.readRecords([{ kind: 'session', key }]);
  const [record] = records;
  if (record === undefined) throw new Error(`assertion: ${event.type} belongs to no session`);
  return (JSON.parse(record.value) as SessionRecord).org;
}
