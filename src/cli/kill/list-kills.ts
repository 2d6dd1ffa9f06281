/** Prints the kill switches that are engaged, or released on probation. */
import { everyOrg, latchStatus, type RecordsByKind } from '../../kernel/index.ts';
import { killScopeText } from '../kill-scope-text.ts';
import { withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import { plainTable } from '../table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import type { LogOptions } from '../store-options.ts';

export interface KillListOptions extends LogOptions {
  readonly org?: string;
  readonly json?: true;
}

export function listKills(file: string, options: KillListOptions): Promise<void> {
  const { org, json } = options;
  return withLogFile(file, options, async ({ storage }) => {
    const engaged: RecordsByKind['latch'][] = [];
    for await (const latch of recordsOf(storage, 'latch')) {
      const isOn = latchStatus(latch) !== 'released';
      if (isOn && (org === undefined || covers(latch.scope, org))) engaged.push(latch);
    }
    engaged.sort((left, right) => left.engagedIndex - right.engagedIndex);
    if (json === true) {
      for (const latch of engaged) await print(jsonLine(latchJson(latch)));
      return;
    }
    const rows = engaged.map((latch) =>
      [
        killScopeText(latch.scope),
        latchStatus(latch),
        timeText(latch.changedAt),
        latch.by,
        String(latch.engagedIndex),
      ].map(shown),
    );
    const columns = ['scope', 'state', 'since', 'by', 'entry'];
    const table = plainTable(columns, rows, colorsFor(terminal().stdout));
    await print(rows.length === 0 ? 'no kill switch is engaged' : table);
  });
}

/** Whether something of the org is in the scope of a latch. */
function covers(scope: string, org: string): boolean {
  const [kind, of] = scope.split('|');
  return kind === 'system' || of === org || of === everyOrg;
}

/** A latch for programs. */
export function latchJson(latch: RecordsByKind['latch']): object {
  const { scope, engaged, supervised, engagedIndex, changedAt, by } = latch;
  return {
    scope: killScopeText(scope),
    engaged,
    ...(supervised === undefined ? {} : { supervised }),
    changedAt: timeText(changedAt),
    by,
    entry: engagedIndex,
  };
}
