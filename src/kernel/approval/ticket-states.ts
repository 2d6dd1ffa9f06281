/**
 * The life of a ticket: one transition table. What is not in it is refused.
 *
 *   pending ─approve─► approved ─use─► consumed
 *      ├─deny──► denied    │ ├─time─► expired
 *      ├─cancel─► cancelled ◄┘cancel
 *      └─time──► expired
 */
export type TicketStatus = 'pending' | 'approved' | 'denied' | 'cancelled' | 'expired' | 'consumed';
export type TicketMove = 'approve' | 'deny' | 'cancel' | 'expire' | 'use';

export const ticketStates: Readonly<
  Record<TicketStatus, Readonly<Partial<Record<TicketMove, TicketStatus>>>>
> = {
  pending: { approve: 'approved', deny: 'denied', cancel: 'cancelled', expire: 'expired' },
  approved: { cancel: 'cancelled', expire: 'expired', use: 'consumed' },
  denied: {},
  cancelled: {},
  expired: {},
  consumed: {},
};

/** The state that `move` leads to from `status`, or undefined where it is illegal. */
export function nextTicketStatus(status: TicketStatus, move: TicketMove): TicketStatus | undefined {
  return ticketStates[status][move];
}

/** Whether a ticket is waiting, for an approver or to be used: whatever is not over by time can end so. */
export function isOpenTicket(status: TicketStatus): boolean {
  return nextTicketStatus(status, 'expire') !== undefined;
}
