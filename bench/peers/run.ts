#!/usr/bin/env node
/** `npm run bench:peers`: one run with all peers, as a table or as JSON. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { progress } from '../progress.ts';
import { jsonReport, type RunReport, textReport } from '../report.ts';
import { measureHotBudget } from './hot-budget-peers.ts';
import { measurePeers, type Plan } from './measure.ts';

const helpText = `Usage: npm run bench:peers -- [options]

Evaluates the same policy of 1 to 10,000 rules here and in other engines, in turns, and compares
every verdict: one that differs ends the run with exit code 1. Spends from one budget on disk, here
and in a rate limiter. A full run takes minutes.

  --quick     short rounds: shows that the bench works, not how fast
  --only x    \`policy\`: only that, in all engines; \`hot\`: only the budget on disk
  --rounds n  rounds that count, one more is run first (default 7, quick 3)
  --json      figures and bars as JSON on stdout
  --check     exit with 1 where a bar does not hold
  --help      this text
`;

interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  readonly only: 'policy' | 'hot' | undefined;
  readonly json: boolean;
  readonly check: boolean;
  readonly help: boolean;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (failure) {
    process.stderr.write(`${messageOf(failure)}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpText);
    return 0;
  }
  try {
    return await measureAndReport(options);
  } catch (failure) {
    process.stderr.write(`${messageOf(failure)}\n`);
    return 1;
  }
}

async function measureAndReport({ quick, rounds, only, json, check }: Options): Promise<number> {
  const folder = join(import.meta.dirname, '..', 'results');
  mkdirSync(folder, { recursive: true });
  progress('machine');
  const machine = await describeMachine(folder, true);
  const plan: Plan = { rounds, roundMs: quick ? 40 : 200, compareMs: quick ? 200 : 1_000 };
  const hot = { rounds, folder, calls: quick ? 800 : 2_000 };
  const policies = only === 'hot' ? [] : await measurePeers(plan);
  const budgets = only === 'policy' ? [] : [await measureHotBudget(hot)];
  const sections = [...policies, ...budgets];
  const report: RunReport = { machine, quick, rounds, sections };
  process.stdout.write(json ? jsonReport(report) : `${textReport(report)}\n`);
  const failing = sections.some(({ bars }) => bars.some(({ holds }) => !holds));
  return check && failing ? 1 : 0;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, json, check, help } = values;
  const rounds = values.rounds === undefined ? (quick ? 3 : 7) : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1 || rounds > 1_000) {
    throw new Error('--rounds takes a whole number from 1 to 1000');
  }
  const { only } = values;
  if (only !== undefined && only !== 'policy' && only !== 'hot') {
    throw new Error('--only takes `policy` or `hot`');
  }
  return { quick, rounds, only, json, check, help };
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
