/**
 * Grants: an approval that stands for more than one call.
 *
 *   active ─used up─► spent
 *      ├─revoke─► revoked
 *      └─time──► expired
 *
 * A grant waives the human click and nothing else. Policy, budgets and kill switches decide every call as
 * they would without it, and it covers a call only where that call would be put to the same people, at no
 * higher risk than what they have seen, and for nothing that changed since they said yes.
 */
import { type Amounts, amountOf, isBuiltInUnit } from '../amount.ts';
import { type CallScope, covers, type ScopedCall, scopeProblem } from '../rights/call-scope.ts';
import { type GrantHolder, type GrantTerms, holderKey } from './grant-terms.ts';
import type { KillSubject } from '../kill/latch.ts';
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import { withinRisk, type RiskLevel } from '../policy/risk.ts';
import type { ApproverTerms, GrantRecord, HolderGrants } from './approval-record.ts';
import { answersFor, worksFor } from './on-behalf.ts';
import type { StateView } from '../record.ts';
import { isKeyRevoked } from '../rights/rights.ts';
import { engagedAfter } from '../kill/engaged-latch.ts';

/** What is wrong with terms from outside, given for a call of that risk and cost, or undefined. */
export function grantProblem(
  terms: GrantTerms,
  { risk, estimate }: { readonly risk: RiskLevel; readonly estimate: Amounts },
  now: number,
): string | undefined {
  const { uses, expiresAt, cost } = terms;
  if (risk === 'critical') return 'what is of critical risk is approved call by call';
  const problem = scopeProblem(scopeOf(terms));
  if (problem !== undefined) return problem;
  if (!Number.isSafeInteger(uses) || uses < 0 || uses > limits.grantUsesMax) {
    return `\`uses\` must be a whole number from 0 to ${limits.grantUsesMax}`;
  }
  // A limit in a unit that nothing is counted in would be no limit: `eur` where the tool says `eur@2`.
  const odd = Object.keys(cost).find((u) => !isBuiltInUnit(u) && !Object.hasOwn(estimate, u));
  if (odd !== undefined) return `the call costs nothing in ${quoted(odd)}, which \`cost\` limits`;
  if (!Number.isSafeInteger(expiresAt) || expiresAt <= now) return 'it would have expired already';
  if (expiresAt - now > limits.grantMsMax) return `it must end within ${limits.grantMsMax} ms`;
  return undefined;
}

export type GrantStatus = 'active' | 'spent' | 'revoked' | 'expired';

export function grantStatus({ revoked, used, terms }: GrantRecord, now: number): GrantStatus {
  if (revoked) return 'revoked';
  if (used >= terms.uses) return 'spent';
  return now < terms.expiresAt ? 'active' : 'expired';
}

/** Whether a grant can cover anything more. */
export function isActive(grant: GrantRecord, now: number): boolean {
  return grantStatus(grant, now) === 'active';
}

/** Whether it still has to be known: a revoked one is, while a permit that it stood for can be started. */
export function isKept(grant: GrantRecord, now: number): boolean {
  const { revoked, terms } = grant;
  return isActive(grant, now) || (revoked && now < terms.expiresAt + limits.permitStartMs);
}

/** Whether the grant that stood in for an approver was revoked since. */
export function isWithdrawn(
  view: StateView,
  { grant, ...holder }: GrantHolder & { readonly grant?: string },
): boolean {
  const held = view.get('grants', holderKey(holder))?.grants ?? [];
  return grant !== undefined && held.some(({ id, revoked }) => id === grant && revoked);
}

/** A call that an approver would be asked about. */
export interface GrantedCall extends ScopedCall, KillSubject {
  readonly session: string;
  readonly action: string;
  readonly tool: string;
  readonly risk: RiskLevel;
  readonly approvers: ApproverTerms;
  readonly estimate: Amounts;
}

/** The first of a holder's grants that covers a call, or undefined. */
export function coveringGrant(
  view: StateView,
  call: GrantedCall,
  now: number,
): GrantRecord | undefined {
  const held: HolderGrants | undefined = view.get('grants', holderKey(call));
  return held?.grants.find(
    (grant) =>
      isGood(view, grant, call) && isOthers(view, grant, call) && fits(view, grant, call, now),
  );
}

/** Whether nobody who gave a grant is one whose call it is: they could not approve it. */
function isOthers(
  view: StateView,
  { givenBy, endorsedBy = [] }: GrantRecord,
  call: GrantedCall,
): boolean {
  const givers = [givenBy, ...endorsedBy];
  return !givers.some((giver) => worksFor(giver, call) || answersFor(view, giver, call));
}

/** Whether what a grant rests on is still there: no kill, no revoked key, no changed tool since. */
function isGood(
  view: StateView,
  grant: GrantRecord,
  call: KillSubject & { readonly tool: string },
): boolean {
  const { credential, index } = grant;
  if (isKeyRevoked(view, credential)) return false;
  if ((view.get('tool', call.tool)?.changedIndex ?? Number.POSITIVE_INFINITY) > index) return false;
  return engagedAfter(view, index, call) === undefined;
}

function fits(view: StateView, grant: GrantRecord, call: GrantedCall, now: number): boolean {
  const { terms, spent } = grant;
  if (!isActive(grant, now) || !withinRisk(call.risk, grant.risk)) return false;
  if (terms.sessionOnly === true && grant.session !== call.session) return false;
  if (!sameApprovers(grant.approvers, call.approvers) || !covers(scopeOf(terms), call))
    return false;
  return Object.entries(terms.cost).every(
    ([unit, most]) => amountOf(spent, unit) + amountOf(call.estimate, unit) <= most,
  );
}

const scopes = new WeakMap<GrantTerms, CallScope>();

/** One object for each grant's terms, since compiled scopes are found by it. */
function scopeOf(terms: GrantTerms): CallScope {
  const known = scopes.get(terms);
  if (known !== undefined) return known;
  const { actions, resources, when } = terms;
  const scope = {
    actions,
    ...(resources === undefined ? {} : { resources }),
    ...(when === undefined ? {} : { when }),
  };
  scopes.set(terms, scope);
  return scope;
}

/** Whoever was asked then would be asked now: a call that needs others is not theirs to wave through. */
export function sameApprovers(left: ApproverTerms, right: ApproverTerms): boolean {
  const members = ({ approverRoles, approverPrincipals, quorum, reasonRequired }: ApproverTerms) =>
    JSON.stringify([approverRoles, approverPrincipals ?? [], quorum ?? 1, reasonRequired ?? false]);
  return members(left) === members(right);
}
