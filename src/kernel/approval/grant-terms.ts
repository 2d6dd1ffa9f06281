/** What an approver grants beside the one call, and for whom. */
import type { Amounts } from '../amount.ts';
import type { CallScope } from '../rights/call-scope.ts';

/** What an approver grants beside the one call. Zero means zero. */
export interface GrantTerms extends CallScope {
  /** The most that all its calls together may cost, by unit; a unit that is not here is not limited. */
  readonly cost: Amounts;
  /** How many calls it is good for, the one that was asked about not counted. */
  readonly uses: number;
  /** Log time, ms, from which on it covers nothing. */
  readonly expiresAt: number;
  /** Whether it holds in the session of the ticket alone. */
  readonly sessionOnly?: true;
}

/** Who a grant is for. Names have neither `/` nor `|`, and a principal's id no `|`: keys cannot collide. */
export interface GrantHolder {
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
}

export function holderKey({ org, principal, agent }: GrantHolder): string {
  return `${org}|${agent}|${principal}`;
}
