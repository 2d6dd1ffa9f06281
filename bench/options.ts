/** The command line: what to measure, for how long, where. The rest follows from the plan. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const sectionNames = [
  'evaluate',
  'durable',
  'store-alone',
  'budgets',
  'processes',
  'postgres',
  'mcp',
  'memory',
  'growth',
  'open',
] as const;
export type SectionName = (typeof sectionNames)[number];

/** How much to measure. Plain data: it travels to child processes. */
export interface Plan {
  readonly quick: boolean;
  /** Rounds that count; one more is run first and thrown away. */
  readonly rounds: number;
  /** How long one contender runs in one round, where time and not work is fixed. */
  readonly roundMs: number;
  /** Holds every file that is written, so that all are on one disk. */
  readonly folder: string;
}

export interface Options {
  readonly plan: Plan;
  readonly sections: readonly SectionName[];
  readonly json: boolean;
  readonly check: boolean;
}

export const helpText = `Usage: npm run bench -- [options]

Measures the control plane on this machine's disk and prints ratios with their spread.
A full run takes minutes, most of it for building a log of 1 million events once.

  --quick          short rounds and small logs: shows that the bench works, not how fast
  --only name,…    some sections of: ${sectionNames.join(', ')}
  --rounds n       rounds that count, one more is run first (default 7, quick 3)
  --dir folder     where files go and built logs are kept (default bench/results)
  --json           figures and bars as JSON on stdout
  --check          exit with 1 where a bar that was measured does not hold
  --help           this text

Progress goes to stderr. What each figure means: docs/performance.md.
`;

/** `help` where that was asked for. Throws an `Error` that names what is not known. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      dir: { type: 'string', default: join(import.meta.dirname, 'results') },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick, json, check } = values;
  const rounds = values.rounds === undefined ? (quick ? 3 : 7) : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1 || rounds > 1_000) {
    throw new Error('--rounds takes a whole number from 1 to 1000');
  }
  return {
    plan: { quick, rounds, roundMs: quick ? 300 : 2_000, folder: values.dir },
    sections: values.only === undefined ? sectionNames : readSections(values.only),
    json,
    check,
  };
}

/** In the order of the list, whatever the order they were named in. */
function readSections(text: string): readonly SectionName[] {
  const wanted = new Set(text.split(',').map((name) => name.trim()));
  const known: ReadonlySet<string> = new Set(sectionNames);
  const unknown = [...wanted].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const list = sectionNames.join(', ');
    throw new Error(`no such section: ${unknown.join(', ')}; sections: ${list}`);
  }
  return sectionNames.filter((name) => wanted.has(name));
}
