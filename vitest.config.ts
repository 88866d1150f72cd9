import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { filesNotRunAgain, missingForSecondPair, SECOND_PAIR } from './test/support/second-pair.ts';

const { ASSAY_TEST_ROUNDS = '1', ASSAY_TEST_READERS = '60' } = process.env;

const secondPair = {
  extends: true as const,
  test: {
    name: SECOND_PAIR,
    include: ['test/e2e/*.test.ts'],
    exclude: filesNotRunAgain(),
    globalSetup: ['./test/support/shared-engines.ts'],
    // What is repeated to find what is rare is repeated on the first pair.
    env: { ASSAY_TEST_ROUNDS, ASSAY_TEST_READERS },
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
      ...(missingForSecondPair().length === 0 ? [secondPair] : []),
    ],
  },
});
