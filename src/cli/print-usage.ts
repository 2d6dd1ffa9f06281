/** Prints what calls came to: as a table, as JSON or as CSV. */
import { tallyUsage, type UsageQuery } from '../engine/budgets/usage-report.ts';
import { type UsageDimension, usageDimensions } from '../engine/budgets/usage-tally.ts';
import { quoted } from '../kernel/index.ts';
import { csvRecord } from './csv.ts';
import { CommandError } from './exit.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { plainTable } from './table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from './terminal.ts';
import { readingFailure } from './unreadable-entry.ts';
import {
  type Column,
  csvColumns,
  groupColumns,
  tableColumns,
  usageJson,
  withDays,
} from './usage-rows.ts';
import type { LogOptions } from './store-options.ts';

export interface UsageOptions extends LogOptions {
  readonly by: string;
  readonly from?: number;
  readonly to?: number;
  readonly org?: string;
  readonly json?: true;
  readonly csv?: true;
}

function dimensions(text: string): readonly UsageDimension[] {
  const names = text.split(',').map((name) => name.trim());
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new CommandError(`\`--by\` names ${quoted(twice)} twice`);
  return names.map((name) => {
    const known = usageDimensions.find((each) => each === name);
    if (known !== undefined) return known;
    throw new CommandError(
      `usage cannot be grouped by ${quoted(name)}`,
      `group by ${usageDimensions.join(', ')}`,
    );
  });
}

export function printUsage(file: string, options: UsageOptions): Promise<void> {
  return withLogFile(file, options, (opened) => printFrom(opened, options));
}

async function printFrom({ storage }: OpenLogFile, options: UsageOptions): Promise<void> {
  const { org, from, to, json, csv } = options;
  const by = dimensions(options.by);
  if (json === true && csv === true)
    throw new CommandError('`--json` and `--csv` exclude each other');
  if (from !== undefined && to !== undefined && from >= to) {
    throw new CommandError('`--to` is not after `--from`', 'a day given to `--to` is not included');
  }
  const isTable = json !== true && csv !== true;
  const query: UsageQuery = {
    by: isTable && !by.includes('day') ? [...by, 'day'] : by,
    ...(org === undefined ? {} : { org }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const tallies = await tallyUsage(storage, query).catch((failure: unknown) => {
    throw readingFailure(failure);
  });
  if (isTable && tallies.length === 0) return print('no calls');
  if (isTable && !by.includes('day')) {
    const { rows, title } = withDays(tallies, by);
    const columns = [...groupColumns(by), ...tableColumns(rows)];
    return printTable([...columns, { name: title, cell: ({ days }) => days }], rows);
  }
  const rows = tallies.map((tally) => tally.row());
  if (isTable) return printTable([...groupColumns(by), ...tableColumns(rows)], rows);
  if (json === true) {
    for (const row of rows) await print(jsonLine(usageJson(row)));
    return;
  }
  const columns = [...groupColumns(by), ...csvColumns(rows)];
  await printRecord(columns.map(({ name }) => name));
  for (const row of rows) await printRecord(columns.map(({ cell }) => cell(row)));
}

function printRecord(cells: readonly string[]): Promise<void> {
  return print(`${csvRecord(cells.map(shown))}\r`);
}

async function printTable<R>(columns: readonly Column<R>[], rows: readonly R[]): Promise<void> {
  const cells = rows.map((row) => columns.map(({ cell }) => shown(cell(row)) || '-'));
  const names = columns.map(({ name }) => shown(name));
  await print(plainTable(names, cells, colorsFor(terminal().stdout)));
}
