/** What a run left behind: read back from the closed log's file and the order database, not from memory. */
import { existsSync, readFileSync } from 'node:fs';
import { type LogEvent, readEvents, verify, type VerifyReport } from '../../engine/index.ts';
import type { BudgetRecord, Event, EventType } from '../../kernel/index.ts';
import { sqlite } from '../../storage/sqlite/sqlite-storage.ts';
import type { Witness } from './desk-tools.ts';
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

export interface Facts {
  readonly session: string;
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
  run: Pick<Facts, 'session' | 'observed' | 'witness'>,
): Promise<Facts> {
  const storage = sqlite(workspace.logFile, { mode: 'read-only' });
  try {
    const verified = await verify(storage);
    const events: LogEvent[] = [];
    for await (const event of readEvents(storage)) events.push(event);
    const { records } = await storage.scanRecords({
      kind: 'budget',
      parent: `session:${run.session}`,
      limit: 100,
    });
    const tampering = tamperedWith(workspace, events);
    return {
      ...run,
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
