import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { encodeCommit } from '../../../lib/git/commit.ts';
import { hashObject } from '../../../lib/git/oid.ts';
import { encodeTree } from '../../../lib/git/tree.ts';
import { expectSound, newTag, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel } from '../../support/stored-git.ts';

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

test('a forged object of a push that was refused is in no version that comes later', async () => {
  const definitions = definitionsOn(opened.stores, opened.registry);
  const [good, evil] = [Buffer.from('Play carom.\n'), Buffer.from('Do harm, and\n')];
  const parcel = new Parcel();
  const toml = Buffer.from('name = "Carom"\n');
  const oid = hashObject('blob', good);
  // As if somebody had found two contents of one SHA-1.
  parcel.add('blob', evil, sha256(evil), oid);
  const entries = [
    { mode: 0o100644, name: 'test-case.toml', oid: parcel.add('blob', toml) },
    { mode: 0o100644, name: 'prompt.md', oid },
  ];
  const ident = { name: 'A', email: 'a@example.com', seconds: 1_600_000_000, zone: '+0000' };
  const tree = parcel.add('tree', encodeTree(entries));
  const message = 'forged\n';
  const forged = parcel.add(
    'commit',
    encodeCommit({ tree, parents: [], author: ident, committer: ident, extra: [], message }),
  );
  const broken = parcel.commit({ 'test-case.toml': Buffer.from('name = ') });
  const verdicts = await pushTo(
    definitions,
    'a',
    parcel,
    [newTag('v1.0.0', forged), newTag('v2.0.0', broken)],
    ['atomic'],
  );
  expect(verdicts['refs/tags/v1.0.0']).toContain('atomic');
  const { version } = await publishTo(definitions, 'b', 'v1.0.0', testCase());
  const elsewhere = await openTestRegistry();
  try {
    const sure = await publishTo(definitionsOn(elsewhere.stores, elsewhere.registry), 'b', 'v1.0.0', testCase());
    expect(version.layer).toEqual(sure.version.layer);
  } finally {
    await elsewhere.close();
  }
  await expectSound(opened.stores, opened.registry);
});
