/**
 * Hand-offs: a part of what a session has, offered by a token. The log keeps the token's hash; whoever is
 * handed the token opens a session with it, in this or another process.
 */
import { hash } from 'node:crypto';
import type { Principal } from '../../identity/principal.ts';
import type { Core } from '../core/core.ts';
import { checkedDate } from '../core/checked-date.ts';
import { assertMembers } from '../known-members.ts';
import { fault } from '../error.ts';
import { type Delegation, delegationTerms } from '../access/scopes.ts';
import { checkedAmounts } from '../core/session-input.ts';

export interface HandoffOrder {
  /** The agent that it is for. */
  readonly agent: string;
  /** Id of the principal that it is for, of the same org; any that has the token by default. */
  readonly principal?: string;
  readonly delegation?: Delegation;
  /** The most that may be spent, by unit, out of what this session has. */
  readonly budget?: Readonly<Record<string, string | number>>;
  /** When it can no longer be taken up. */
  readonly expiresAt: Date;
}

/** Misspelt, a budget or delegation would hand on all that the session has, a `principal` to anybody. */
const orderKnown = [
  'agent',
  'principal',
  'delegation',
  'budget',
  'expiresAt',
] as const satisfies readonly (keyof HandoffOrder)[];

const shape = /^ach_[0-9a-f]{64}$/;

/** Offers a hand-off and gives its token, which is kept nowhere. */
export async function offerHandoff(
  core: Core,
  principal: Principal,
  session: string,
  order: HandoffOrder,
): Promise<string> {
  assertMembers('the terms of a hand-off', order, orderKnown);
  const { agent, delegation = {}, budget = {}, expiresAt } = order;
  const token = `ach_${core.options.ids.secret()}`;
  await core.submit(
    core.referenceOf(principal),
    {
      kind: 'issue-handoff',
      session,
      handoff: handoffKey(token),
      agent,
      ...(order.principal === undefined ? {} : { principal: order.principal }),
      delegation: delegationTerms(delegation),
      budget: checkedAmounts(budget),
      expiresAt: checkedDate('expiresAt', expiresAt),
    },
    'handoff',
  );
  return token;
}

/** The hash under which the log knows a token. Throws `input-invalid` for what is none. */
export function handoffKey(token: string): string {
  if (typeof token !== 'string' || !shape.test(token)) {
    throw fault('input-invalid', 'a hand-off is taken up with the token that it was offered by');
  }
  return hash('sha256', token, 'hex');
}
