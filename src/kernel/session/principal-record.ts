/** What counts for a principal over all of its sessions: open permits, and by agent pending tickets. */
import type { PrincipalRecord, RecordChange, StateView } from '../record.ts';

export interface Owner {
  readonly org: string;
  readonly principal: string;
}

/** An org is a name, and no name has a `/`: keys cannot collide. */
export function principalKey({ org, principal }: Owner): string {
  return `${org}/${principal}`;
}

function recordOf(view: StateView, { org, principal: id }: Owner, key: string): PrincipalRecord {
  return view.get('principal', key) ?? { org, id, openPermits: 0, pendingTickets: {} };
}

export function openPermitsOf(view: StateView, owner: Owner): number {
  return recordOf(view, owner, principalKey(owner)).openPermits;
}

/** The change that one permit more, or one less, is. */
export function openPermitsChange(view: StateView, owner: Owner, by: 1 | -1): RecordChange {
  const key = principalKey(owner);
  const record = recordOf(view, owner, key);
  const openPermits = record.openPermits + by;
  if (openPermits < 0) throw new Error('assertion: more permits were resolved than issued');
  return { kind: 'principal', key, value: { ...record, openPermits } };
}

/** How many tickets of an agent of the principal nobody has decided. */
export function pendingTicketsOf(view: StateView, owner: Owner, agent: string): number {
  const { pendingTickets } = recordOf(view, owner, principalKey(owner));
  return Object.hasOwn(pendingTickets, agent) ? (pendingTickets[agent] ?? 0) : 0;
}

/** The change that one pending ticket more, or one less, is. */
export function pendingTicketsChange(
  view: StateView,
  owner: Owner & { readonly agent: string },
  by: 1 | -1,
): RecordChange {
  const pending = pendingTicketsOf(view, owner, owner.agent) + by;
  if (pending < 0) throw new Error('assertion: more tickets were decided than requested');
  const key = principalKey(owner);
  const record = recordOf(view, owner, key);
  const others = Object.entries(record.pendingTickets).filter(([agent]) => agent !== owner.agent);
  const counted = pending === 0 ? others : [...others, [owner.agent, pending] as const];
  const pendingTickets = Object.fromEntries(counted);
  return { kind: 'principal', key, value: { ...record, pendingTickets } };
}
