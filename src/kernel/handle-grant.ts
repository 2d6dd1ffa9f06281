/** Grants are given with an approval (`handle-ticket.ts`) and revoked here. */
import type { RevokeGrant } from './command.ts';
import { holderKey } from './grant-terms.ts';
import type { HandlerFor } from './handled.ts';
import { reject } from './rejection.ts';
import { permits } from './rights.ts';

export const revokeGrant: HandlerFor<RevokeGrant> = (view, command) => {
  const { by, grant, holder } = command;
  const key = holderKey(holder);
  const isTheirs = holder.org === by.org && holder.principal === by.id;
  const may = holder.org === by.org && permits(view, by, 'revoke-grant');
  const found =
    view.get('grants', key)?.grants.some(({ id, revoked }) => id === grant && !revoked) ?? false;
  if (!found || !(isTheirs || may)) return { rejection: reject('grant-unknown') };
  return {
    events: [{ type: 'grant-revoked', data: { grant, ...holder } }],
    subject: { kind: 'grants', key },
  };
};
