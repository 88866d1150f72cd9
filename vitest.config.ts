import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { filesNotRunAgain, missingForSecondPair, SECOND_PAIR } from './test/support/second-pair.ts';

const secondPair = {
  extends: true as const,
  test: {
    name: SECOND_PAIR,
    include: ['test/e2e/*.test.ts'],
    exclude: filesNotRunAgain(),
    globalSetup: ['./test/support/shared-engines.ts'],
    env: { ASSAY_TEST_AGAIN: '1' },
    setupFiles: ['./test/support/serve-on-shared-engines.ts'],
  },
} satisfies TestProjectConfiguration;

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most of what takes long waits: for a server to start, a limit to pass, a disk.
    maxWorkers: process.env['ASSAY_TEST_ALL'] === '1' ? 3 : 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'LMDB and files', include: ['test/**/*.test.ts'] } },
      ...(missingForSecondPair().length === 0 ? [secondPair] : []),
    ],
  },
});
