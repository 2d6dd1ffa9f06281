import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import CountReporter from './scripts/count-reporter.ts';

// Compiled modules are kept: every process and thread that a test starts would compile them all again.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

// What tests leave lies in one folder, and goes with the run. Under root a database server runs as a user of
// its own, who has to get through it.
const folder = mkdtempSync(join(tmpdir(), 'acp-tests-'));
chmodSync(folder, 0o711);
process.env['TMPDIR'] = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Against hanging, not for speed: a machine that is busy or stands still takes its time.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 200_000 } },
    reporters: ['default', new CountReporter()],
    // Files share a process, one after the other: most of a file's time would be starting one and loading the
    // library again. They put back what they change of their process, and close what they open.
    isolate: false,
    // Apart, so that a server is only started where a test needs one.
    projects: [
      {
        extends: true,
        test: {
          name: 'postgres',
          // What processes race for on a file, they race for on a server too.
          include: ['test/postgres/**/*.test.ts', 'test/crash/*.test.ts'],
          globalSetup: ['test/bundle-programs.ts', 'test/postgres/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'main',
          globalSetup: ['test/bundle-programs.ts'],
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          // The packages that tests install below `test/e2e` bring tests of their own.
          exclude: ['**/node_modules/**', 'test/postgres/**'],
        },
      },
    ],
  },
});
