/**
 * Runs every mutant against the tests that must catch it: `npm run mutants -- [--only name]…
 * [--json]`.
 *
 * Each runs in a copy of the project, on as many random cases as `--runs` says (a factor, as
 * `ACP_RUNS`). A mutant is caught when a test fails on it; one whose source does not load is
 * broken, not caught. The exit code is 1 where a mutant survives, is broken, or no longer finds its
 * text, or where the tests fail unmutated.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { startServer } from '../postgres/server.ts';
import { ProjectCopy } from './copy.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';

const help = `Usage: npm run mutants -- [options]

Breaks one promise at a time and checks that a test notices.

  --only <name>    run this mutant only; may be repeated, and may be the start of a name
  --runs <factor>  how many random cases the tests try (default 0.5)
  --list           print the mutants and what they guard
  --json           print the results as JSON
  --help           print this`;

interface Result {
  readonly name: string;
  readonly outcome: 'caught' | 'SURVIVED' | 'BROKEN' | 'STALE';
  readonly seconds: number;
  /** The test that caught it, or what went wrong. */
  readonly detail: string;
}

process.exitCode = await main();

async function main(): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string', default: '0.5' },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return 2;
  }
  if (values.help) {
    console.log(help);
    return 0;
  }
  const { only } = values;
  const wanted = mutants.filter(({ name }) => only?.some((each) => name.startsWith(each)) ?? true);
  const unknown = only?.filter((each) => !mutants.some(({ name }) => name.startsWith(each))) ?? [];
  if (unknown.length > 0) {
    console.error(`no such mutant: ${unknown.join(', ')}; see --list`);
    return 2;
  }
  if (values.list) {
    for (const { name, guards } of wanted) console.log(`${name.padEnd(32)} ${guards}`);
    return 0;
  }
  return withServer(wanted, () => runAll(wanted, values.runs, values.json));
}

/** One server for all mutants that need one, in place of one for each. */
async function withServer<T>(wanted: readonly Mutant[], work: () => Promise<T>): Promise<T> {
  const needed = wanted.some(({ tests }) =>
    tests.some((path) => path.startsWith('test/postgres/')),
  );
  if (!needed || process.env['ACP_TEST_POSTGRES_URL'] !== undefined) return work();
  const server = await startServer();
  process.env['ACP_TEST_POSTGRES_URL'] = server.url;
  try {
    return await work();
  } finally {
    await server.remove();
  }
}

async function runAll(wanted: readonly Mutant[], runs: string, json: boolean): Promise<number> {
  const say = (text: string): void => void (json || console.log(text));
  const started = performance.now();
  const count = Math.max(1, Math.min(2, availableParallelism(), wanted.length));
  const copies = Array.from({ length: count }, () => new ProjectCopy());
  const remove = (): void => copies.forEach((copy) => copy.remove());
  const interrupted = (): never => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const [first] = copies;
    const tests = [...new Set(wanted.flatMap((mutant) => mutant.tests))];
    say(`running ${tests.length} test files unmutated`);
    const unmutated = await first?.runTests(tests, runs);
    if (unmutated === undefined || unmutated.failed > 0 || unmutated.passed === 0) {
      const failure = unmutated?.firstFailure ?? '';
      console.error(`${unmutated?.output}\nthe tests fail without a mutant; nothing can be said`);
      if (failure !== '') console.error(`first of all: ${failure}`);
      return 1;
    }
    const results = await runEach(wanted, copies, runs, say);
    const bad = results.filter(({ outcome }) => outcome !== 'caught');
    const seconds = Math.round((performance.now() - started) / 1000);
    if (json) console.log(JSON.stringify({ seconds, results }, null, 2));
    say(`${results.length - bad.length} of ${results.length} mutants caught in ${seconds} s`);
    for (const { name, outcome, detail } of bad) say(`${outcome} ${name}: ${detail}`);
    return bad.length > 0 ? 1 : 0;
  } finally {
    remove();
  }
}

/** Each copy takes the next mutant as soon as it is free. */
async function runEach(
  wanted: readonly Mutant[],
  copies: readonly ProjectCopy[],
  runs: string,
  say: (text: string) => void,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = [...wanted];
  const work = async (copy: ProjectCopy): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await runOne(mutant, copy, runs);
      results.push(result);
      const { name, outcome, seconds, detail } = result;
      const place = `${String(results.length).padStart(3)}/${wanted.length}`;
      say(`${place} ${outcome.padEnd(8)} ${name.padEnd(32)} ${seconds.toFixed(1)} s  ${detail}`);
    }
  };
  await Promise.all(copies.map(work));
  return results;
}

async function runOne(mutant: Mutant, copy: ProjectCopy, runs: string): Promise<Result> {
  const { name, guards, tests } = mutant;
  const started = performance.now();
  const run = await copy.runMutant(mutant, runs);
  const seconds = (performance.now() - started) / 1000;
  if ('problem' in run) return { name, seconds, outcome: 'STALE', detail: run.problem };
  if (run.failed > 0) return { name, seconds, outcome: 'caught', detail: run.firstFailure };
  if (run.timedOut) return { name, seconds, outcome: 'caught', detail: 'the tests did not end' };
  if (run.passed === 0) {
    const detail = `no test ran: ${run.output.trim().slice(-300)}`;
    return { name, seconds, outcome: 'BROKEN', detail };
  }
  return { name, seconds, outcome: 'SURVIVED', detail: `${guards} (${tests.join(', ')})` };
}
