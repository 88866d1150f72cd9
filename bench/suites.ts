import { ociSuite } from './oci/suite.ts';
import type { Suite } from './suite.ts';

export const suites: readonly Suite[] = [ociSuite];
