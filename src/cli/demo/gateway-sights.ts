/** What a reader of the demo's second act was to see: the evidence of each, or undefined without any. */
import { type EventOf, eventsOf, type Facts } from './facts.ts';
import { serverName } from './policy.ts';

type Decided = EventOf<'action-decided'>;

function decisions(facts: Facts): readonly Decided[] {
  const { gatewaySession } = facts;
  if (gatewaySession === undefined) return [];
  return eventsOf(facts, 'action-decided').filter(({ session }) => session === gatewaySession);
}

/** The agent was shown some of the server's tools, and none that it never could use. */
export function gatewayListed(facts: Facts): string | undefined {
  const prefix = `${serverName}__`;
  const pinned = eventsOf(facts, 'tool-registered')
    .map(({ data }) => data.name)
    .filter((name) => name.startsWith(prefix));
  const { listed } = facts;
  const ofServer = listed.length > 0 && listed.every((name) => pinned.includes(name));
  if (!ofServer || listed.length >= pinned.length) return undefined;
  return `${listed.length} of ${pinned.length}`;
}

export function gatewayDenied(facts: Facts): string | undefined {
  const decision = decisions(facts).find(
    ({ data }) => data.code === 'policy-denied' && data.determinedBy.includes('rule:letters-only'),
  );
  if (decision === undefined || !facts.shared.isTermsUntouched) return undefined;
  return `#${decision.index} ${decision.data.resource}; the file is as it was`;
}

/** Asked, approved by somebody else, run once: the log says so, and so does the file. */
export function gatewayApproved(facts: Facts): string | undefined {
  const { letters } = facts.shared;
  for (const asked of eventsOf(facts, 'ticket-requested')) {
    if (asked.session !== facts.gatewaySession) continue;
    const { ticket } = asked.data;
    const approved = eventsOf(facts, 'ticket-approved').find(({ data }) => data.ticket === ticket);
    const ran = decisions(facts).filter(({ data }) => data.consumed && data.ticket === ticket);
    const [decision] = ran;
    if (approved === undefined || decision === undefined || ran.length !== 1) continue;
    const settled = eventsOf(facts, 'permit-settled').find(
      ({ data }) => data.permit === decision.data.decision,
    );
    const once = settled?.data.outcome === 'succeeded' && letters.length === 1;
    if (!once || approved.by.id === asked.by.id) continue;
    return (
      `#${asked.index} asked, #${approved.index} ${approved.by.id}, #${decision.index} ran; ` +
      `${decision.data.resource} has 1 letter`
    );
  }
  return undefined;
}

/** The held call, sent again under its key: the answer of the first, and still one letter. */
export function gatewayRepeat(facts: Facts): string | undefined {
  const repeat = facts.observed.find(
    ({ repeated, call, ending }) =>
      repeated && ending === 'result' && call.tool.startsWith(`${serverName}__`),
  );
  if (repeat === undefined || facts.shared.letters.length !== 1) return undefined;
  return `${repeat.call.tool} was sent twice; there is 1 letter`;
}
