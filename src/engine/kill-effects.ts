/** What a kill switch makes void, to be recorded one by one: tickets, and grants that it covers whole. */
import { coveringLatchKeys, isGrantKilled, type StateView } from '../kernel/index.ts';
import type { CommandBody } from './command-body.ts';
import type { RecordCache } from './record-cache.ts';

/** Commands of the control plane's own; the kernel refuses those that are not so. */
export function killEffects(cache: RecordCache): readonly CommandBody[] {
  const isKilled = (subject: Parameters<typeof coveringLatchKeys>[0], since: number): boolean =>
    coveringLatchKeys(subject).some((key) => isEngagedSince(cache, key, since));
  const tickets = [...cache.live('ticket')]
    .filter((ticket) => isKilled(ticket, ticket.requestedIndex))
    .map(({ id }): CommandBody => ({ kind: 'cancel-ticket', ticket: id }));
  const grants = [...cache.live('grants')].flatMap(({ grants: held, ...holder }) =>
    held
      .filter((grant) => !grant.revoked && isGrantKilled(cache, holder, grant))
      .map(({ id }): CommandBody => ({ kind: 'revoke-grant', grant: id, holder })),
  );
  return [...tickets, ...grants];
}

function isEngagedSince(view: StateView, key: string, since: number): boolean {
  const latch = view.get('latch', key);
  return latch !== undefined && (latch.engaged || latch.engagedIndex > since);
}
