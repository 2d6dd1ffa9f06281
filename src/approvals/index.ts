/** The approvals room's door: the card that an approver decides on, as data and as text. Pure. */
export { cardLimits, type CardValue } from './agent-text.ts';
export { approvalCard, type ApprovalCard, type PreviousApproval } from './card.ts';
export { cardText } from './card-text.ts';
export { textMarks } from './shown-text.ts';
