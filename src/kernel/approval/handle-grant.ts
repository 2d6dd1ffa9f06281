/** Grants are given with an approval (`approve-ticket.ts`) and revoked here. */
import type { GrantRecord } from './approval-record.ts';
import type { RevokeGrant } from '../command.ts';
import { type GrantHolder, holderKey } from './grant-terms.ts';
import type { HandlerFor } from '../handled.ts';
import { isSystem } from '../principal.ts';
import type { StateView } from '../record.ts';
import { reject } from '../rejection.ts';
import { permits } from '../rights/rights.ts';
import { engagedAfter } from '../kill/engaged-latch.ts';

export const revokeGrant: HandlerFor<RevokeGrant> = (view, command) => {
  const { by, grant: id, holder } = command;
  const key = holderKey(holder);
  const grant = view.get('grants', key)?.grants.find((each) => each.id === id && !each.revoked);
  const isTheirs = holder.org === by.org && holder.principal === by.id;
  const may = isTheirs || (holder.org === by.org && permits(view, by, 'revoke-grant'));
  if (grant === undefined || !(may || isSystem(by))) return { rejection: reject('grant-unknown') };
  if (!may && !isGrantKilled(view, holder, grant)) return { rejection: reject('not-due') };
  return {
    events: [{ type: 'grant-revoked', data: { grant: id, ...holder } }],
    subject: { kind: 'grants', key },
  };
};

/**
 * Whether a kill switch covers everything that a grant could. One that covers only some of its calls, such as
 * one of an action, leaves the grant and voids it for those.
 */
export function isGrantKilled(view: StateView, holder: GrantHolder, grant: GrantRecord): boolean {
  const session = grant.terms.sessionOnly === true ? grant.session : '';
  return engagedAfter(view, grant.index, { ...holder, session }) !== undefined;
}
