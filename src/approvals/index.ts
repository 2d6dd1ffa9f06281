/** The approvals room's door: the card that an approver decides on, as data and as text. Pure. */
export { type AgentText, cardLimits, type CardField, type CardValue } from './agent-text.ts';
export type { ComparedField } from './agent-text.ts';
export { approvalCard, type ApprovalCard, type ApprovalCardInput } from './card.ts';
export type { CardAmount, PreviousApproval } from './card.ts';
export type { CardObstacle, CardObstacleCode } from './card-obstacles.ts';
export { cardText, type CardTextOptions } from './card-text.ts';
export type { LeafKind } from './argument-leaves.ts';
export type { LeafChange } from './compare-leaves.ts';
export { type ShownText, type TextMark, textMarks } from './shown-text.ts';
