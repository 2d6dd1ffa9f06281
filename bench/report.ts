/** The report: a table for people, JSON for programs. Bars that do not hold are shown as such. */
import type { Bar, Figure, Findings } from './findings.ts';
import type { Machine } from './machine.ts';

export interface SectionReport extends Findings {
  readonly title: string;
  /** Why the section failed, where it did; it then has no figures. */
  readonly failure?: string;
}

export interface RunReport {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly rounds: number;
  readonly sections: readonly SectionReport[];
}

export function jsonReport({ machine, quick, rounds, sections }: RunReport): string {
  const report = {
    machine,
    quick,
    rounds,
    figures: sections.flatMap(({ figures }) => figures),
    bars: sections.flatMap(({ bars }) => bars),
    notMeasured: sections.flatMap(({ notMeasured }) => notMeasured),
    failures: sections.flatMap(({ failure }) => failure ?? []),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

export function textReport({ machine, quick, rounds, sections }: RunReport): string {
  const lines = ['', ...machineLines(machine)];
  lines.push(`each figure: median (smallest to largest) of ${rounds} interleaved rounds`);
  if (quick) lines.push('QUICK RUN: rounds too short and logs too small to judge speed by');
  for (const { title, figures, failure } of sections) {
    if (failure !== undefined) lines.push('', `${title}: FAILED, no figures`, `  ${failure}`);
    if (figures.length > 0) lines.push('', title, ...table(figures.map(figureCells)));
  }
  const bars = sections.flatMap((section) => section.bars);
  const skipped = sections.flatMap(({ notMeasured }) => notMeasured);
  if (bars.length + skipped.length > 0) lines.push('', 'Bars');
  lines.push(...table([...bars.map(barCells), ...skipped.map(skippedCells)]));
  return `${lines.join('\n')}\n`;
}

function machineLines(machine: Machine): readonly string[] {
  const { cores, cpu, system, node, sqlite, disk, load } = machine;
  const lines = [
    `machine: ${cores} cores (${cpu}), ${system}, node ${node}, SQLite ${sqlite}`,
    `disk: ${disk.fileSystem}, 4 KiB append + fdatasync at the start: ` +
      `p50 ${number(disk.p50Ms)} ms, p99 ${number(disk.p99Ms)} ms`,
  ];
  if (disk.inMemory) lines.push('NOT A DISK: this file system is in memory; fsync means nothing');
  if (load > cores / 2) {
    lines.push(`BUSY MACHINE: load ${number(load)} before the start; repeat it when it is quiet`);
  }
  return lines;
}

function figureCells({ name, value, unit, min, max }: Figure): readonly string[] {
  return [name, number(value), unit, range(min, max)];
}

function barCells({ name, bar, measured, holds, min, max }: Bar): readonly string[] {
  return [name, bar, `measured ${number(measured)}`, range(min, max), holds ? 'holds' : 'FAILS'];
}

function skippedCells(name: string): readonly string[] {
  return [name, '', 'not measured in this run', '', ''];
}

function range(min: number | undefined, max: number | undefined): string {
  return min === undefined || max === undefined ? '' : `(${number(min)} to ${number(max)})`;
}

/** Three significant digits are more than such measurements carry. */
function number(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(digits, 4),
    maximumFractionDigits: Math.min(digits, 4),
  });
}

/** Columns as wide as their widest cell; numbers are not aligned, since their units differ. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
