/** Where a call comes from, as records name it and as kill switches and grants are looked for. */
import type { SessionRecord } from '../record.ts';
import type { Origin } from './session.ts';

export function originOf(session: SessionRecord): Origin {
  const { id, ancestors, lineage, org, principal, agent } = session;
  return {
    session: id,
    ...(ancestors === undefined ? {} : { ancestors }),
    ...(lineage === undefined ? {} : { lineage }),
    org,
    principal,
    agent,
  };
}
