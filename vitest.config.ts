import { defineConfig } from 'vitest/config';
import CountReporter from './scripts/count-reporter.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Against hanging, not for speed: a machine that is busy or stands still takes its time.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    reporters: ['default', new CountReporter()],
  },
});
