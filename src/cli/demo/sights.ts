/**
 * What a reader of the demo was to see, and whether it was there: each is computed from the facts, and each
 * names its evidence, so that it can be looked up in the log.
 */
import { formatAmount } from '../../kernel/index.ts';
import { amountsText } from '../event-summary.ts';
import { type EventOf, eventsOf, type Facts } from './facts.ts';
import { gatewayApproved, gatewayDenied, gatewayListed, gatewayRepeat } from './gateway-sights.ts';

export interface Sight {
  readonly id: string;
  readonly what: string;
  readonly seen: boolean;
  /** Where it can be looked up, or what is missing. */
  readonly evidence: string;
}

/** Evidence, or undefined where it is not there. */
type Look = (facts: Facts) => string | undefined;

const looks: readonly (readonly [id: string, what: string, look: Look])[] = [
  ['allowed', 'a call that is allowed and runs', allowedCall],
  ['unknown-tool', 'a call of an unknown tool is denied', unknownTool],
  ['argument-rule', 'a call is denied by a rule on its arguments', argumentRule],
  ['steered', 'a call is steered, and the model follows', steered],
  ['approved', 'a refund waits for another’s approval and runs once', approvedRefund],
  ['repeat', 'the same call, repeated, does not run again', repeatedCall],
  ['budget', 'a budget refuses the call that would pass it', budgetHolds],
  ['kill', 'a kill switch stops a tool that runs', killSwitch],
  ['killed', 'after the kill, all in its scope is refused', refusedAfterKill],
  ['closed', 'the session is closed', sessionClosed],
  ['gateway-listed', 'of an MCP server’s tools, the agent sees those it may use', gatewayListed],
  ['gateway-denied', 'a write through the gateway is denied by its path', gatewayDenied],
  ['gateway-approved', 'a held write waits for another’s approval and runs once', gatewayApproved],
  ['gateway-repeat', 'the held write, repeated, does not run again', gatewayRepeat],
  ['verified', 'the log verifies', logVerifies],
  ['tampered', 'in a tampered copy, the bad entry is named', tamperingFound],
  ['as-written', 'every call ended as the transcript expects', endedAsWritten],
];

export function sightsOf(facts: Facts): readonly Sight[] {
  return looks.map(([id, what, look]) => {
    const evidence = look(facts);
    return { id, what, seen: evidence !== undefined, evidence: evidence ?? missing(id, facts) };
  });
}

/** What is missing, where the facts can say more than that it is. */
function missing(id: string, facts: Facts): string {
  if (id === 'as-written') {
    const stray = facts.observed.find(({ ending, expected }) => !isExpected(ending, expected));
    if (stray === undefined) return 'no call was made';
    return `${stray.call.tool}: expected ${stray.expected ?? ''}, got ${stray.ending}`;
  }
  if (id === 'verified') return facts.verified.faults[0]?.message ?? 'not verified';
  return 'not in the log';
}

type Decided = EventOf<'action-decided'>;

function decisions(facts: Facts): readonly Decided[] {
  return eventsOf(facts, 'action-decided').filter(({ session }) => session === facts.session);
}

function settlement(facts: Facts, { data }: Decided): EventOf<'permit-settled'> | undefined {
  return eventsOf(facts, 'permit-settled').find((event) => event.data.permit === data.decision);
}

function succeeded(facts: Facts, decision: Decided): boolean {
  return settlement(facts, decision)?.data.outcome === 'succeeded';
}

function allowedCall(facts: Facts): string | undefined {
  const decision = decisions(facts).find(
    (each) => each.data.outcome === 'allow' && !each.data.consumed && succeeded(facts, each),
  );
  if (decision === undefined) return undefined;
  const { tool, resource } = decision.data;
  return `#${decision.index} ${tool} ${resource}, done at #${settlement(facts, decision)?.index}`;
}

function unknownTool(facts: Facts): string | undefined {
  const decision = decisions(facts).find(({ data }) => data.code === 'tool-unknown');
  return decision === undefined ? undefined : `#${decision.index} ${decision.data.tool}`;
}

function argumentRule(facts: Facts): string | undefined {
  const decision = decisions(facts).find(
    ({ data }) => data.code === 'policy-denied' && data.determinedBy.includes('rule:scratch-only'),
  );
  if (decision === undefined || !facts.ledgerUntouched) return undefined;
  return `#${decision.index} ${decision.data.resource}; the file is as it was`;
}

function steered(facts: Facts): string | undefined {
  for (const { index, data } of decisions(facts)) {
    if (data.outcome !== 'steer') continue;
    const followed = decisions(facts).find(
      (each) =>
        each.index > index &&
        each.data.resource === data.resource &&
        data.suggestions.includes(each.data.action) &&
        succeeded(facts, each),
    );
    if (followed !== undefined) {
      return `#${index} ${data.tool}, then #${followed.index} ${followed.data.tool}`;
    }
  }
  return undefined;
}

/** The refund that was asked for, approved by another principal and then run, with the order it is for. */
function refundOf(facts: Facts) {
  for (const asked of eventsOf(facts, 'ticket-requested')) {
    const { ticket } = asked.data;
    const approved = eventsOf(facts, 'ticket-approved').find((each) => each.data.ticket === ticket);
    const ran = decisions(facts).filter(({ data }) => data.consumed && data.ticket === ticket);
    const [decision] = ran;
    if (approved === undefined || decision === undefined || ran.length !== 1) continue;
    const somebodyElse = approved.by.id !== asked.by.id;
    const order = decision.data.resource.replace('order/', '');
    if (somebodyElse && succeeded(facts, decision)) return { asked, approved, decision, order };
  }
  return undefined;
}

function approvedRefund(facts: Facts): string | undefined {
  const refund = refundOf(facts);
  if (refund === undefined) return undefined;
  const { asked, approved, decision, order } = refund;
  const { count, total } = facts.orders.refunds(order);
  const reserved = decision.data.reservations.find(({ unit }) => unit === 'usd')?.amount;
  if (count !== 1 || reserved !== Number(total) * 1_000_000) return undefined;
  return (
    `#${asked.index} asked, #${approved.index} ${approved.by.id}, #${decision.index} ran; ` +
    `${order} has 1 refund of ${total}`
  );
}

function repeatedCall(facts: Facts): string | undefined {
  const order = refundOf(facts)?.order;
  const repeats = facts.observed.filter(({ repeated, ending }) => repeated && ending === 'repeat');
  const ofRefund = repeats.find(
    ({ call }) => 'orderId' in call.arguments && call.arguments.orderId === order,
  );
  if (order === undefined || ofRefund === undefined) return undefined;
  const { count } = facts.orders.refunds(order);
  return count === 1 ? `${ofRefund.callId} was sent twice; ${order} has 1 refund` : undefined;
}

function budgetHolds(facts: Facts): string | undefined {
  const decision = decisions(facts).find(({ data }) => data.code === 'budget-exceeded');
  const held = facts.budgets.every(({ posted, reserved, limit }) => posted + reserved <= limit);
  const usd = facts.budgets.find(({ unit }) => unit === 'usd');
  // What was spent by the log is what was paid by the order database, to the cent.
  const paid = facts.orders.refunds().total;
  if (decision === undefined || usd === undefined || !held) return undefined;
  if (usd.posted !== Number(paid) * 1_000_000) return undefined;
  const limit = formatAmount('usd', usd.limit);
  return `#${decision.index} ${decision.data.tool}; spent ${amountsText({ usd: usd.posted })} of ${limit}`;
}

function killSwitch(facts: Facts): string | undefined {
  const { witness } = facts;
  for (const kill of eventsOf(facts, 'kill-engaged')) {
    const stopped = decisions(facts).find((decision) => {
      const settled = settlement(facts, decision);
      const isStopped = settled?.data.outcome === 'unknown' && settled.index > kill.index;
      return decision.index < kill.index && isStopped;
    });
    if (stopped === undefined || !witness.signalFired) continue;
    return (
      `#${stopped.index} ran, #${kill.index} ${kill.by.id}; ` +
      `its signal fired after ${witness.rowsWritten} of ${facts.orders.all().length} rows`
    );
  }
  return undefined;
}

function refusedAfterKill(facts: Facts): string | undefined {
  const kill = eventsOf(facts, 'kill-engaged')[0];
  if (kill === undefined) return undefined;
  const after = decisions(facts).filter(({ index }) => index > kill.index);
  const refused = after.filter(({ data }) => data.outcome === 'deny' && data.code === 'killed');
  if (after.length === 0 || refused.length !== after.length) return undefined;
  return refused.map(({ index, data }) => `#${index} ${data.tool}`).join(', ');
}

function sessionClosed(facts: Facts): string | undefined {
  const closed = eventsOf(facts, 'session-transitioned').find(
    ({ session, data }) => session === facts.session && data.transition === 'complete',
  );
  return closed === undefined ? undefined : `#${closed.index}`;
}

function logVerifies({ verified }: Facts): string | undefined {
  if (!verified.holds) return undefined;
  return `${verified.entries} entries, root ${verified.head.root.slice(0, 16)}…`;
}

function tamperingFound({ tampering, verifiedTampered }: Facts): string | undefined {
  const [fault] = verifiedTampered?.faults ?? [];
  if (tampering === undefined || fault === undefined || fault.index !== tampering.index)
    return undefined;
  return `#${fault.index} ${fault.code}`;
}

function endedAsWritten({ observed }: Facts): string | undefined {
  const asExpected = observed.every(({ ending, expected }) => isExpected(ending, expected));
  return observed.length > 0 && asExpected ? `${observed.length} calls` : undefined;
}

function isExpected(ending: string, expected: string | undefined): boolean {
  return expected === undefined || ending === expected;
}
