/**
 * What of a call can be in a budget's scope: all of it minted, registered or declared, and none of it stated.
 */
import type { Authorize } from '../command.ts';
import type { SessionRecord, ToolRecord } from '../record.ts';

export interface BudgetSubject {
  readonly org: string;
  readonly principal: string;
  readonly teams: readonly string[];
  readonly agent: string;
  readonly session: string;
  readonly action: string;
  readonly tool: string;
  /** The catalogue's id of the model; undefined of a call that is not a model call. */
  readonly model: string | undefined;
}

/** A call as budgets see it. Teams are those of whoever submits it. */
export function budgetSubject(
  { by, tool: name }: Pick<Authorize, 'by' | 'tool'>,
  { org, principal, agent, id: session }: SessionRecord,
  tool: ToolRecord | undefined,
  model: string | undefined,
): BudgetSubject {
  const { teams = [] } = by;
  return { org, principal, teams, agent, session, action: tool?.action ?? '', tool: name, model };
}
