import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { NOT_AGAIN, runsOnSecondPair, SECOND_PAIR } from './test/support/second-pair.ts';

const secondPair = {
  extends: true as const,
  test: {
    name: SECOND_PAIR,
    include: ['test/e2e/*.test.ts'],
    exclude: Object.keys(NOT_AGAIN).map((name) => `test/e2e/${name}`),
    globalSetup: ['./test/support/shared-engines.ts'],
    setupFiles: ['./test/support/serve-on-shared-engines.ts'],
  },
} satisfies TestProjectConfiguration;

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most of what takes long waits: for a server to start, a limit to pass, a disk.
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'LMDB and files', include: ['test/**/*.test.ts'] } },
      ...(runsOnSecondPair() ? [secondPair] : []),
    ],
  },
});
