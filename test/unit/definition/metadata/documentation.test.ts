import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { TreeView } from '../../../../lib/definition/metadata/tree-view.ts';
import { faultsOf } from './read.ts';

const page = readFileSync(fileURLToPath(new URL('../../../../docs/metadata.md', import.meta.url)), 'utf8');
const examples = [...page.matchAll(/^```toml\n(name = .*?)^```$/gms)].map((match) => match[1]!);

test.each([
  ['test-case', examples[0]!],
  ['container', examples[1]!],
] as const)('the example of a %s has no fault', (kind, example) => {
  const everything: TreeView = { kindOf: () => 'file' };
  expect(faultsOf(example, kind, everything)).toEqual([]);
});
