/** Why a ticket cannot be approved from the card that is in sight. */
import type { TicketRecord } from '../kernel/index.ts';
import type { AgentText } from './agent-text.ts';
import type { ShownText } from './shown-text.ts';

export type CardObstacleCode =
  | 'not-pending'
  | 'expired'
  | 'arguments-erased'
  | 'arguments-unreadable'
  | 'fields-left-out'
  | 'text-cut';

export interface CardObstacle {
  readonly code: CardObstacleCode;
  readonly message: string;
}

interface ObstaclesInput {
  readonly ticket: TicketRecord;
  /** Log time in ms. */
  readonly now: number;
  readonly agentText: AgentText;
  readonly isErased: boolean;
  readonly isReadable: boolean;
}

/** All obstacles, those first that no other rendering of the card would remove. */
export function obstaclesOf(input: ObstaclesInput): readonly CardObstacle[] {
  const { ticket, now, agentText } = input;
  const obstacles: CardObstacle[] = [];
  const add = (code: CardObstacleCode, message: string): number =>
    obstacles.push({ code, message });
  if (ticket.status !== 'pending') add('not-pending', `the ticket is ${ticket.status}`);
  if (now >= ticket.expiresAt) add('expired', 'the time to decide is over');
  if (input.isErased) {
    add('arguments-erased', 'the arguments were erased, so nobody can see what would be approved');
  } else if (!input.isReadable) {
    add('arguments-unreadable', 'the recorded arguments are not canonical JSON that can be shown');
  }
  const leftOut = agentText.fieldsLeftOut + agentText.removedLeftOut;
  if (leftOut > 0) add('fields-left-out', `${leftOut} fields are not shown; show the card in full`);
  const cut = textsOf(agentText).filter(({ isTruncated }) => isTruncated).length;
  if (cut > 0 && (ticket.risk === 'high' || ticket.risk === 'critical')) {
    const texts = cut === 1 ? '1 text is' : `${cut} texts are`;
    add('text-cut', `${texts} cut and the risk is ${ticket.risk}; show the card in full`);
  }
  return obstacles;
}

function textsOf({ resource, fields, removed }: AgentText): readonly ShownText[] {
  return [
    resource,
    ...fields.flatMap(({ path, value, before }) =>
      before === undefined ? [path, value] : [path, value, before.value],
    ),
    ...removed.flatMap(({ path, value }) => [path, value]),
  ];
}
