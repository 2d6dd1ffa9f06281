/** What a run left behind: read back from the closed log's file and the order database, not from memory. */
import { existsSync, readFileSync } from 'node:fs';
import { type LogEvent, readEvents, verify, type VerifyReport } from '../../engine/index.ts';
import type { BudgetRecord, Event, EventType } from '../../kernel/index.ts';
import { sqlite } from '../../storage/sqlite/sqlite-storage.ts';
import type { Witness } from './desk-tools.ts';
import { lettersAgent } from './policy.ts';
import type { SharedFolder } from './shared-folder.ts';
import { type Tampering, tamperedCopy } from './tampered-copy.ts';
import type { Ending, TranscriptCall } from './transcript.ts';
import { ledgerText, type Workspace } from './workspace.ts';

/** One call of the model and how it ended, as the SDK's loop saw it. */
export interface ObservedCall {
  readonly callId: string;
  readonly call: TranscriptCall;
  readonly repeated: boolean;
  readonly expected: Ending | undefined;
  readonly ending: Ending;
}

type DataOf<T extends EventType> = Extract<Event, { readonly type: T }>['data'];
export type EventOf<T extends EventType> = LogEvent & {
  readonly type: T;
  readonly data: DataOf<T>;
};

/** What is known of the first act when it is over. */
export interface DeskRun {
  readonly session: string;
  readonly observed: readonly ObservedCall[];
}

/** What is known of the second act when it is over. */
export interface GatewayRun {
  readonly observed: readonly ObservedCall[];
  /** Names of the tools that the agent was shown. */
  readonly listed: readonly string[];
}

export interface Run {
  readonly desk: DeskRun;
  readonly gateway: GatewayRun;
  readonly witness: Witness;
}

export interface Facts {
  /** The control session of the first act. */
  readonly session: string;
  /** That of the second act, which the gateway opened; undefined where it did not. */
  readonly gatewaySession: string | undefined;
  readonly listed: readonly string[];
  readonly shared: SharedFolder;
  readonly events: readonly LogEvent[];
  readonly budgets: readonly BudgetRecord[];
  readonly observed: readonly ObservedCall[];
  readonly witness: Witness;
  readonly orders: Workspace['orders'];
  readonly ledgerUntouched: boolean;
  readonly verified: VerifyReport;
  readonly tampering: Tampering | undefined;
  readonly verifiedTampered: VerifyReport | undefined;
}

/** Events of one type, with the data of that type. */
export function eventsOf<T extends EventType>(facts: Facts, type: T): readonly EventOf<T>[] {
  return facts.events.filter((event): event is EventOf<T> => event.type === type);
}

export async function gatherFacts(
  workspace: Workspace,
  { desk, gateway, witness }: Run,
): Promise<Facts> {
  const storage = sqlite(workspace.logFile, { mode: 'read-only' });
  try {
    const verified = await verify(storage);
    const events: LogEvent[] = [];
    for await (const event of readEvents(storage)) events.push(event);
    const { records } = await storage.scanRecords({
      kind: 'budget',
      parent: `session:${desk.session}`,
      limit: 100,
    });
    const tampering = tamperedWith(workspace, events);
    return {
      session: desk.session,
      gatewaySession: sessionOf(lettersAgent, events),
      observed: [...desk.observed, ...gateway.observed],
      listed: gateway.listed,
      shared: workspace.shared,
      witness,
      events,
      budgets: records.map(({ value }) => JSON.parse(value) as BudgetRecord),
      orders: workspace.orders,
      ledgerUntouched:
        existsSync(workspace.ledger) && readFileSync(workspace.ledger, 'utf8') === ledgerText,
      verified,
      tampering,
      verifiedTampered: tampering === undefined ? undefined : await verifyFile(tampering.path),
    };
  } finally {
    await storage.close();
  }
}

function sessionOf(agent: string, events: readonly LogEvent[]): string | undefined {
  const opened = events.find(
    ({ type, data }) => type === 'session-opened' && 'agent' in data && data.agent === agent,
  );
  return opened?.session;
}

/** The denial that somebody would most like to have been an allow: the last one before any kill. */
function tamperedWith(workspace: Workspace, events: readonly LogEvent[]): Tampering | undefined {
  const denial = events.findLast(
    ({ type, data }) =>
      type === 'action-decided' &&
      'code' in data &&
      data.code !== 'killed' &&
      data.outcome === 'deny',
  );
  if (denial === undefined) return undefined;
  const path = workspace.locate('control-plane-tampered.db');
  return tamperedCopy(workspace.logFile, path, denial.index);
}

async function verifyFile(path: string): Promise<VerifyReport> {
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    return await verify(storage);
  } finally {
    await storage.close();
  }
}
