import type { Reporter, TestModule } from 'vitest/node';
import { missingPrograms } from './programs.ts';
import { missingForSecondPair, SECOND_PAIR } from './second-pair.ts';

/** Ends a run with the programs that it went without and one plain line of counts, for people and for CI alike. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) count.failed += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    const missing = missingPrograms();
    if (missing.length > 0) {
      console.log(`\nSkipped, because these programs are not installed: ${missing.join(', ')}`);
      console.log('(ASSAY_TEST_ALL=1 turns such a skip into a failure; .ci/run installs them on Debian.)');
    }
    const needed = missingForSecondPair();
    if (needed.length > 0) {
      console.log(`Not run once more on ${SECOND_PAIR}, for want of ${needed.join(', ')}: test/e2e`);
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}
