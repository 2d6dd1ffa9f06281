/** What counts for a principal over all of its sessions: how many of its permits are open. */
import type { PrincipalRecord, RecordChange, StateView } from './record.ts';

export interface Owner {
  readonly org: string;
  readonly principal: string;
}

/** An org is a name, and no name has a `/`: keys cannot collide. */
export function principalKey({ org, principal }: Owner): string {
  return `${org}/${principal}`;
}

export function openPermitsOf(view: StateView, owner: Owner): number {
  return view.get('principal', principalKey(owner))?.openPermits ?? 0;
}

/** The change that one permit more, or one less, is. */
export function openPermitsChange(view: StateView, owner: Owner, by: 1 | -1): RecordChange {
  const openPermits = openPermitsOf(view, owner) + by;
  if (openPermits < 0) throw new Error('assertion: more permits were resolved than issued');
  const value: PrincipalRecord = { org: owner.org, id: owner.principal, openPermits };
  return { kind: 'principal', key: principalKey(owner), value };
}
