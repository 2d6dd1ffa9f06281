#!/usr/bin/env node
/** `npm run bench`: runs the sections one after the other and reports. */
import { mkdirSync } from 'node:fs';
import { runErrand } from './errand.ts';
import { removeLeftovers } from './fresh-file.ts';
import { describeMachine } from './machine.ts';
import { helpText, type Options, type Plan, readOptions, type SectionName } from './options.ts';
import { progress } from './progress.ts';
import { jsonReport, type RunReport, type SectionReport, textReport } from './report.ts';
import type { run as runSection } from './sections.ts';

const sectionModule = new URL('./sections.ts', import.meta.url);

const titles: Readonly<Record<SectionName, string>> = {
  evaluate: 'In memory: evaluating a policy, handling a command',
  durable: 'Durable: the disk, the bare baseline, governed actions',
  'store-alone': 'Store alone: the same batches, decided beforehand',
  budgets: 'Budgets: none to 6 applying, and one that is hot',
  processes: 'Two processes on one file',
  postgres: 'PostgreSQL: one log, many processes, next to what a user would write',
  mcp: 'MCP: directly, through a proxy, through the gateway',
  memory: 'Memory',
  growth: 'Cost as the log grows',
  open: 'Opening and verifying a large log',
};

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(args);
  } catch (failure) {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(helpText);
    return 0;
  }
  const report = await runAll(options);
  process.stdout.write(options.json ? jsonReport(report) : textReport(report));
  if (report.sections.some(({ failure }) => failure !== undefined)) return 1;
  const failing = report.sections.some(({ bars }) => bars.some(({ holds }) => !holds));
  return options.check && failing ? 1 : 0;
}

async function runAll({ plan, sections }: Options): Promise<RunReport> {
  const { folder, quick, rounds } = plan;
  mkdirSync(folder, { recursive: true });
  removeLeftovers(folder);
  progress('machine');
  const machine = await describeMachine(folder, quick);
  const reports: SectionReport[] = [];
  for (const section of sections) {
    reports.push(await reportOf(section, plan));
  }
  return { machine, quick, rounds, sections: reports };
}

/** A section that failed says so, and the others still run; the exit code is 1 then. */
async function reportOf(section: SectionName, plan: Plan): Promise<SectionReport> {
  const title = titles[section];
  try {
    const findings = await runErrand<typeof runSection>(sectionModule, { section, plan });
    return { title, ...findings };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    progress(`${section} FAILED: ${failure}`);
    return { title, failure, figures: [], bars: [], notMeasured: [] };
  }
}
