/**
 * The dead man's switch: where the policy asks for heartbeats of operators, an org without one stands still.
 *
 *   heard ◄─heartbeat─┐
 *     └──time──► lapsed ┘   (and the kill switch of the org is engaged, and stays so)
 *
 * Nothing starts from the log time on at which the last heartbeat is too old, whether anybody has recorded
 * that or not. The control plane records it, and stops what runs, when it notices.
 */
import type { Heartbeat, LapseHeartbeat } from '../command.ts';
import type { Event, EventPosition } from '../event.ts';
import type { HandlerFor } from '../handled.ts';
import { compilePolicy } from '../policy/compile.ts';
import { isSystem } from '../principal.ts';
import type { HeartbeatRecord, RecordChange, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permitsIn } from '../rights/rights.ts';

type HeartbeatStatus = 'heard' | 'lapsed';

export const heartbeatStates: Readonly<
  Record<HeartbeatStatus, Readonly<Partial<Record<'heartbeat' | 'time', HeartbeatStatus>>>>
> = {
  heard: { heartbeat: 'heard', time: 'lapsed' },
  lapsed: { heartbeat: 'heard' },
};

function statusOf({ lapsed }: HeartbeatRecord): HeartbeatStatus {
  return lapsed ? 'lapsed' : 'heard';
}

/** How old a heartbeat may be, ms; undefined where the policy asks for none, or is in shadow mode. */
function heartbeatMs(view: StateView): number | undefined {
  const policy = view.get('policy', 'active');
  if (policy?.document.operatorHeartbeatMs === undefined) return undefined;
  return compilePolicy(policy.document).enforced ? policy.document.operatorHeartbeatMs : undefined;
}

/** The log time up to which an org has an operator: a policy gives them time when it comes. */
function presentUntil(view: StateView, org: string, ms: number): number {
  const last = view.get('heartbeat', org)?.at ?? 0;
  return Math.max(last, view.get('policy', 'active')?.activatedAt ?? 0) + ms;
}

/** The log time at which an org's last heartbeat is too old, or undefined where the policy asks for none. */
export function heartbeatDue(view: StateView, org: string): number | undefined {
  const ms = heartbeatMs(view);
  return ms === undefined ? undefined : presentUntil(view, org, ms);
}

/** Why nothing starts in an org that no operator was heard in for too long. */
export function absenceRefusal(view: StateView, org: string, now: number): Rejection | undefined {
  const ms = heartbeatMs(view);
  if (ms === undefined || now < presentUntil(view, org, ms)) return undefined;
  const message = `no operator was heard of for ${ms} ms`;
  return reject('operator-absent', message, 'have an operator send a heartbeat');
}

/** What comes within a quarter of the time after the last one writes nothing. */
export const heartbeat: HandlerFor<Heartbeat> = (view, { by, org }, { now }) => {
  if (!permitsIn(view, by, 'engage-kill', org))
    return { rejection: notPermitted(view, by, 'engage-kill', org) };
  const ms = heartbeatMs(view);
  const last = view.get('heartbeat', org);
  if (ms === undefined) return { rejection: reject('heartbeat-unwanted') };
  const subject = { kind: 'heartbeat', key: org } as const;
  if (last !== undefined && !last.lapsed && now - last.at < ms / 4) {
    return { events: [], subject, replayed: true };
  }
  const data = { org, expiresAt: now + ms };
  return { events: [{ type: 'operator-heartbeat', data }], subject };
};

export const lapseHeartbeat: HandlerFor<LapseHeartbeat> = (view, { by, org }, { now }) => {
  if (!isSystem(by)) return { rejection: reject('permission-denied') };
  const last = view.get('heartbeat', org);
  const ms = heartbeatMs(view);
  const isDue = ms !== undefined && now >= presentUntil(view, org, ms);
  const canLapse = last !== undefined && heartbeatStates[statusOf(last)].time !== undefined;
  if (!canLapse || !isDue) return { rejection: reject('not-due') };
  return {
    events: [
      { type: 'heartbeat-lapsed', data: { org, since: last.at } },
      { type: 'kill-engaged', data: { scope: { kind: 'org', org } } },
    ],
    subject: { kind: 'heartbeat', key: org },
  };
};

export function heartbeatChange(
  view: StateView,
  event: Extract<Event, { readonly type: 'operator-heartbeat' | 'heartbeat-lapsed' }>,
  { at, by }: EventPosition,
): RecordChange {
  const { org } = event.data;
  const value: HeartbeatRecord =
    event.type === 'operator-heartbeat'
      ? { org, at, by: by.id, expiresAt: event.data.expiresAt, lapsed: false }
      : { ...heard(view, org), lapsed: true };
  return { kind: 'heartbeat', key: org, value };
}

function heard(view: StateView, org: string): HeartbeatRecord {
  const record = view.get('heartbeat', org);
  if (record === undefined) throw new Error('assertion: a heartbeat lapsed that was never sent');
  return record;
}
