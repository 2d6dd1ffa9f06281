/**
 * A Vitest reporter that says the result in one plain line, `N passed, N failed`, the last of the run.
 *
 * Test cases are counted. So that nothing broken can look green, these count as failures too: a test file
 * that does not load, a suite whose hook throws, an error nobody caught, and a test that never ended.
 * A run in which no test ran exits with an error.
 */
import type { Reporter, TestModule } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export default class CountReporter implements Reporter {
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    // On exit rather than at the end of the run: Vitest itself may still print while it closes.
    process.once('exit', () => {
      const { passed, failed } = this.#counts;
      if (failed > 0 || passed === 0) process.exitCode ||= 1;
      process.stdout.write(`${summaryLine(this.#counts)}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = countResults(modules, unhandledErrors);
  }
}

function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function countResults(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    let seen = module.errors().length > 0;
    if (seen) counts.failed += 1;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length === 0) continue;
      counts.failed += 1;
      seen = true;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === 'pending' ? 'failed' : state] += 1;
      seen ||= state === 'failed';
    }
    if (module.state() === 'failed' && !seen) counts.failed += 1;
  }
  return counts;
}
