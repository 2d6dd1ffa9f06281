/** What a kill switch makes void, to be recorded one by one: tickets, and grants that it covers whole. */
import { engagedAfter, isGrantKilled } from '../../kernel/index.ts';
import type { CommandBody } from './command-body.ts';
import type { RecordCache } from '../store/record-cache.ts';

/** Commands of the control plane's own; the kernel refuses those that are not so. */
export function killEffects(cache: RecordCache): readonly CommandBody[] {
  const tickets = [...cache.live('ticket')]
    .filter((ticket) => engagedAfter(cache, ticket.requestedIndex, ticket) !== undefined)
    .map(({ id }): CommandBody => ({ kind: 'cancel-ticket', ticket: id }));
  const grants = [...cache.live('grants')].flatMap(({ grants: held, ...holder }) =>
    held
      .filter((grant) => !grant.revoked && isGrantKilled(cache, holder, grant))
      .map(({ id }): CommandBody => ({ kind: 'revoke-grant', grant: id, holder })),
  );
  return [...tickets, ...grants];
}
