/** A copy of the project in a temporary folder, in which source can be broken and tests run. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Mutant, mutate } from './mutant.ts';

const root = resolve(import.meta.dirname, '..', '..');
const left = new Set(['node_modules', '.git', 'dist', 'coverage', 'results']);
const timeoutMsPerFile = 180_000;

export interface TestRun {
  readonly failed: number;
  readonly passed: number;
  /** The first test that failed. */
  readonly firstFailure: string;
  readonly timedOut: boolean;
  readonly output: string;
}

export class ProjectCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-mutants-'));
  #kill: (() => void) | undefined;

  constructor() {
    cpSync(root, this.#folder, {
      recursive: true,
      filter: (path) => path === root || !left.has(basename(path)),
    });
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'), 'dir');
  }

  remove(): void {
    this.#kill?.();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs `tests` on the mutant and puts the source back. */
  async runMutant(mutant: Mutant, runs: string): Promise<TestRun | { readonly problem: string }> {
    const path = join(this.#folder, mutant.file);
    const original = readFileSync(path, 'utf8');
    const mutated = mutate(original, mutant);
    if ('problem' in mutated) return mutated;
    writeFileSync(path, mutated.source);
    try {
      return await this.runTests(mutant.tests, runs);
    } finally {
      writeFileSync(path, original);
    }
  }

  /** One run of Vitest; `runs` is the number of random cases, as `ACP_RUNS` has it. */
  runTests(tests: readonly string[], runs: string): Promise<TestRun> {
    const report = join(this.#folder, 'mutants-report.json');
    rmSync(report, { force: true });
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const options = [
      '--bail',
      '1',
      '--maxWorkers',
      '1',
      '--reporter=json',
      `--outputFile=${report}`,
    ];
    const child = spawn(process.execPath, [vitest, 'run', ...options, ...tests], {
      cwd: this.#folder,
      env: { ...process.env, ACP_RUNS: runs, CI: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const killed = { timedOut: false };
    this.#kill = () => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      killed.timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMsPerFile * tests.length);
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    return new Promise((done, refuse) => {
      child.once('error', refuse);
      child.once('close', () => {
        clearTimeout(timer);
        this.#kill = undefined;
        done({ ...readReport(report), ...killed, output });
      });
    });
  }
}

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

/** Without a report no test ran: the source did not load, or Vitest did not start. */
function readReport(path: string): Pick<TestRun, 'failed' | 'passed' | 'firstFailure'> {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return { failed: 0, passed: 0, firstFailure: '' };
  }
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const firstFailure = results.find(({ status }) => status === 'failed')?.title ?? '';
  return { failed: report.numFailedTests, passed: report.numPassedTests, firstFailure };
}
