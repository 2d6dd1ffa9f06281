/** A desk whose agent asks for refunds, each of which waits for an approver: what operators act on. */
import {
  ActionRefused,
  type Clock,
  guard,
  openControlPlane,
  sqlite,
  type Tool,
} from '../../src/index.ts';

const policyWith = (quorum: number) => ({
  format: 1,
  version: 1,
  actions: { 'order.refund': { risk: 'high' } },
  rules: [
    {
      id: 'ask',
      effect: 'require-approval',
      match: { action: 'order.refund' },
      approval: { roles: ['approver'], quorum },
    },
  ],
});

export interface Refund {
  readonly orderId: string;
  readonly note: string;
}

export const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: '5' },
  execute: ({ orderId }: Refund) => `refunded ${orderId}`,
} satisfies Tool<Refund, string>;

/** Words that make somebody act on their word alone. */
export const asApprover = ['--as', 'acme/user:ann', '--as-role', 'approver'] as const;
export const asOperator = ['--as', 'acme/user:olga', '--as-role', 'operator'] as const;
export const asAdmin = ['--as', 'acme/user:root', '--as-role', 'admin'] as const;
export const asHost = ['--as', 'platform/host', '--as-role', 'platform-admin'] as const;

interface DeskTerms {
  readonly quorum?: number;
  readonly clock?: Clock;
}

export function openDesk(path: string, { quorum = 1, clock }: DeskTerms = {}) {
  return openControlPlane({
    ...(clock === undefined ? {} : { clock }),
    storage: sqlite(path),
    policy: policyWith(quorum),
    agents: ['bot', { name: 'clerk', version: '2', owner: 'user:olga' }],
    tools: [refundTool],
  });
}

export interface Desk {
  readonly path: string;
  readonly session: string;
  /** Ids of the pending tickets, oldest first. */
  readonly tickets: readonly string[];
}

/** A file with a session in which each of the calls waits for so many approvers. */
export async function makeDesk(
  path: string,
  calls: readonly Refund[],
  terms: DeskTerms = {},
): Promise<Desk> {
  const plane = await openDesk(path, terms);
  try {
    const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    for (const call of calls) {
      const refusal: unknown = await guard(
        session,
        refundTool,
      )(call).catch((each: unknown) => each);
      if (!ActionRefused.is(refusal)) throw new Error('the call was to wait for an approver');
    }
    const tickets = plane.pendingTickets('acme').map(({ id }) => id);
    if (tickets.length !== calls.length) throw new Error('each call was to open a ticket');
    return { path, session: session.id, tickets };
  } finally {
    await plane.close();
  }
}
