/** What a session is asked about one call: to decide it, and to record how it ended. */
import { isSettledStatus, type ModelReport, type ModelRequest } from '../../kernel/index.ts';
import { fault } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import type { BoundTool } from '../tools/tool.ts';

export interface AuthorizeRequest {
  readonly tool: BoundTool;
  /** The call's arguments, as `read` returned them. */
  readonly arguments: ReadArguments;
  /** The caller's own expectation of the cost: raises the reservation, never lowers it. */
  readonly estimate?: Readonly<Record<string, string | number>>;
  readonly idempotencyKey?: string;
  /** Of a tool that is a model: which model, and how much the call may take at most. */
  readonly model?: ModelRequest;
  /** `later` issues a permit that `start` has to start; by default an allow starts it at once. */
  readonly start?: 'now' | 'later';
}

export interface ReadArguments {
  readonly text: string;
  /** Deep-frozen. */
  readonly value: unknown;
  readonly digest: string;
}

export interface Settlement {
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  /** What was used, by unit. A unit that was reserved and is left out counts in full. */
  readonly usage?: Readonly<Record<string, string | number>> | undefined;
  /** Of a model call: what the provider's answer says; without it the whole reservation counts. */
  readonly model?: ModelReport;
  /**
   * What the tool returned, or the text of its error; kept beside the log, without what guardrails took out.
   */
  readonly result?: unknown;
}

const requestKnown = [
  'tool',
  'arguments',
  'estimate',
  'idempotencyKey',
  'model',
  'start',
] as const satisfies readonly (keyof AuthorizeRequest)[];

const settlementKnown = [
  'outcome',
  'usage',
  'model',
  'result',
] as const satisfies readonly (keyof Settlement)[];

/** A misspelt key would have the call run twice, and a permit that was to start later started at once. */
export function checkRequest(request: AuthorizeRequest): void {
  assertMembers('what is to be decided', request, requestKnown);
  const { start = 'now' } = request;
  if (start === 'now' || start === 'later') return;
  throw fault('input-invalid', '`start` is neither `now` nor `later`');
}

export function checkSettlement(settlement: Settlement): void {
  assertMembers('a settlement', settlement, settlementKnown);
  if (isSettledStatus(settlement.outcome)) return;
  throw fault('input-invalid', '`outcome` is none of `succeeded`, `failed` and `unknown`');
}
