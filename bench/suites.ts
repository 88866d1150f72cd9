import { enginesSuite } from './engines/suite.ts';
import { gitSuite } from './git/suite.ts';
import { logSuite } from './log/suite.ts';
import { movingSuite } from './moving/suite.ts';
import { ociSuite } from './oci/suite.ts';
import { snapshotSuite } from './snapshot/suite.ts';
import type { Suite } from './suite.ts';

export const suites: readonly Suite[] = [ociSuite, gitSuite, logSuite, snapshotSuite, movingSuite, enginesSuite];
