/**
 * The approval card for terminals.
 *
 * The card's own lines hold nothing that an agent wrote. What it wrote stands in lines that begin with the
 * margin `| ` and a label, wrapped so that no terminal breaks them again; so no value can move the cursor,
 * change a colour or pass for a line of the card. Own words are ASCII alone.
 */
import type { ApprovalCard, CardAmount } from './card.ts';
import { agentLines } from './card-text-agent.ts';
import { cardRow, ownLines, paint, plural, type CardLine } from './card-text-lines.ts';

/** Narrower, a line would have no room beside the margin and the labels. */
const widthMin = 40;

export interface CardTextOptions {
  /** Whether to colour the card's own words, by ECMA-48 (ANSI) sequences. */
  readonly color: boolean;
  /** Cells in a line of the terminal, 40 or more. */
  readonly width: number;
}

/**
 * The card as lines, without a line break at the end and without control characters but line breaks and,
 * with `color`, colours. Throws a RangeError where the width is below 40 or no whole number: a narrower
 * terminal would break lines itself.
 */
export function cardText(card: ApprovalCard, { color, width }: CardTextOptions): string {
  if (!Number.isInteger(width) || width < widthMin) {
    throw new RangeError(`the width is ${width}; a card needs a whole number from ${widthMin} on`);
  }
  const lines: readonly CardLine[] = [
    ...headLines(card, width),
    ...factLines(card, width),
    { text: '' },
    ...agentLines(card, width),
    { text: '' },
    ...verdictLines(card, width),
  ];
  return lines.map((line) => (color ? paint(line) : line.text)).join('\n');
}

function headLines({ risk, status, timeLeftMs }: ApprovalCard, width: number) {
  const isGrave = risk === 'high' || risk === 'critical';
  const state = status === 'pending' ? `${durationText(timeLeftMs)} left` : `it is ${status}`;
  const text = `APPROVAL - ${risk} risk - ${state}`;
  return ownLines(text, { width, style: isGrave ? 'alarm' : 'heading' });
}

function factLines(card: ApprovalCard, width: number): readonly CardLine[] {
  const row = (label: string, text: string) => cardRow(label, text, width);
  const { model, estimate, ancestors, previous, reason, escalation, editedBy, grant } = card;
  const cost = estimate.map(amountText).join(', ');
  return [
    ...row('Ticket', card.ticket),
    ...row('Action', `${card.action} by the tool ${card.tool}`),
    ...(model === undefined ? [] : row('Model', model)),
    ...row('Cost', cost === '' ? 'none is known' : `at most ${cost}`),
    ...row('For', `${card.principal} of ${card.org}`),
    ...row('Agent', `${card.agent} in session ${card.session}`),
    ...(ancestors.length === 0 ? [] : row('On behalf', `of session ${ancestors.join(', of ')}`)),
    ...row('Reason', reason === '' ? 'the policy gives none' : reason),
    ...row('Decided by', deciderText(card)),
    ...(escalation === undefined ? [] : row('Escalated', escalatedText(escalation))),
    ...(editedBy === undefined ? [] : row('Edited by', `${editedBy}, who wrote what follows`)),
    ...(grant === undefined ? [] : row('Grants', grant)),
    ...(previous === undefined ? [] : row('Compared', comparedText(previous))),
  ];
}

function escalatedText({ at, roles, principals }: NonNullable<ApprovalCard['escalation']>): string {
  const named = principals.map((names) => `, a principal like ${names.join(' or ')}`);
  return `from ${new Date(at).toISOString()} on also to ${roles.join(' or ')}${named.join('')}`;
}

function amountText({ unit, amount }: CardAmount): string {
  return unit === 'actions' && amount === '1' ? '1 action' : `${amount} ${unit}`;
}

function deciderText(card: ApprovalCard): string {
  const { quorum, approverRoles, approverPrincipals, approvedBy, reasonRequired } = card;
  const names = approverPrincipals.map((patterns) => ` and a name like ${patterns.join(' or ')}`);
  const who = `${quorum} with the role ${approverRoles.join(' or ')}${names.join('')}`;
  const sofar = approvedBy.length === 0 ? 'nobody' : approvedBy.join(', ');
  return `${who}; approved so far: ${sofar}${reasonRequired ? '; a reason is required' : ''}`;
}

function comparedText({ ticket, isCompared }: NonNullable<ApprovalCard['previous']>): string {
  return isCompared
    ? `with ticket ${ticket}, approved last`
    : `with nothing: arguments cannot be read, here or in ticket ${ticket}, approved last`;
}

function verdictLines({ obstacles }: ApprovalCard, width: number): readonly CardLine[] {
  if (obstacles.length === 0) {
    return ownLines('CAN BE APPROVED from this card.', { width, style: 'heading' });
  }
  return [
    ...ownLines('CANNOT BE APPROVED from this card:', { width, style: 'alarm' }),
    ...obstacles.flatMap(({ message }) => ownLines(`- ${message}`, { width, indent: 2 })),
  ];
}

const durationUnits = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** A duration in its largest unit and the next smaller one, rounded down: never more time than there is. */
function durationText(durationMs: number): string {
  let restMs = durationMs;
  const counts = durationUnits.map(([name, unitMs]) => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return { count, name };
  });
  const largest = counts.findIndex(({ count }) => count > 0);
  if (largest === -1) return 'no time';
  const shown = counts.slice(largest, largest + 2).filter(({ count }) => count > 0);
  return shown.map(({ count, name }) => plural(count, name)).join(' ');
}
