import { defineConfig } from 'vitest/config';
import CountReporter from './scripts/count-reporter.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    reporters: ['default', new CountReporter()],
  },
});
