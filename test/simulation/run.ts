/**
 * Runs simulations from the command line: `npm run sim -- <seed> [--runs n] [--steps n] [--met] [--json]`.
 *
 * With one run the seed is used as it is, so that a failing seed reproduces its failure exactly;
 * with more, run k uses `<seed>-k`. Exit code 1 where an auditor objects.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { operationKinds } from './operation.ts';
import { commandLine, simulate } from './simulate.ts';

const help = `usage: npm run sim -- [seed] [--runs n] [--steps n] [--met] [--json] [--help]

  seed      any text; a random one where none is given
  --runs    how many, from the seeds <seed>-1, <seed>-2, ... (default 1: the seed itself)
  --steps   steps of each simulation (default 400)
  --met     what each kind of command came to over all runs, and how often
  --json    one JSON line for each simulation
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1' },
    steps: { type: 'string', default: '400' },
    met: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const runs = Number(values.runs);
  const steps = Number(values.steps);
  if (!Number.isSafeInteger(runs) || !Number.isSafeInteger(steps) || runs < 1 || steps < 1) {
    process.stderr.write(help);
    return 2;
  }
  const first = positionals[0] ?? `r${randomInt(1_000_000_000)}`;
  let failed = 0;
  const met = new Map<string, number>();
  for (let run = 1; run <= runs; run += 1) {
    const seed = runs === 1 ? first : `${first}-${run}`;
    const { bodies: _, ...result } = await simulate({ seed, steps });
    if (result.problems.length > 0) failed += 1;
    for (const [what, count] of Object.entries(result.met)) {
      met.set(what, (met.get(what) ?? 0) + count);
    }
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : summary(result));
  }
  if (values.json) return failed === 0 ? 0 : 1;
  if (values.met) process.stdout.write(metLines(met));
  process.stdout.write(`${runs - failed} of ${runs} simulations hold\n`);
  return failed === 0 ? 0 : 1;
}

function summary(result: Omit<Awaited<ReturnType<typeof simulate>>, 'bodies'>): string {
  const { seed, entries, operations, crashes, root, problems } = result;
  const head = `seed ${seed}: ${operations} operations, ${entries} entries, ${crashes} crashes, `;
  if (problems.length === 0) return `${head}root ${root.slice(0, 16)}\n`;
  const shown = problems.slice(0, 20).map((problem) => `  ${problem}\n`);
  return `${head}FAILED; again with: ${commandLine(result)}\n${shown.join('')}`;
}

/** A line for each kind of command: what it came to, the most frequent first. */
function metLines(met: ReadonlyMap<string, number>): string {
  const lines = operationKinds.map((kind) => {
    const answers = [...met]
      .filter(([what]) => what.startsWith(`${kind} `))
      .toSorted(([, left], [, right]) => right - left)
      .map(([what, count]) => `${what.slice(kind.length + 1)} ${count}`);
    return `  ${kind}: ${answers.length === 0 ? 'never' : answers.join(', ')}\n`;
  });
  return lines.join('');
}
