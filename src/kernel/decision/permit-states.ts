/**
 * The life of a permit: one transition table. What is not in it is refused.
 *
 *   issued ─start─► started ─settle─► succeeded | failed | unknown
 *     ├─void──► voided   └──time──► unknown (charged in full: nobody knows what it did)
 *     └─time──► expired  (given back)
 */
export type PermitStatus =
  | 'none'
  | 'issued'
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'unknown'
  | 'voided'
  | 'expired';
export type PermitMove = 'start' | 'settle' | 'void' | 'expire';

/** What each move may lead to: a settlement says which. */
export const permitStates: Readonly<
  Record<PermitStatus, Readonly<Partial<Record<PermitMove, readonly PermitStatus[]>>>>
> = {
  none: {},
  issued: { start: ['started'], void: ['voided'], expire: ['expired'] },
  started: { settle: ['succeeded', 'failed', 'unknown'], expire: ['unknown'] },
  succeeded: {},
  failed: {},
  unknown: {},
  voided: {},
  expired: {},
};

/** Whether a permit can be moved, or, with `to`, be moved there. */
export function canMovePermit(status: PermitStatus, move: PermitMove, to?: PermitStatus): boolean {
  const next = permitStates[status][move];
  return next !== undefined && (to === undefined || next.includes(to));
}

/** Whether a settlement can say so of a permit that was started. */
export function isSettledStatus(value: unknown): boolean {
  return permitStates.started.settle?.some((status) => status === value) ?? false;
}

/** Whether a permit is neither resolved nor absent. */
export function isOpenPermit(status: PermitStatus): boolean {
  return canMovePermit(status, 'expire');
}
