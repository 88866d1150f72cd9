import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestWith, sha256 } from '../../../lib/encoding/digest.ts';
import { encodeKnown } from '../../../lib/git/stored/object-record.ts';
import { FileLayout } from '../../../lib/store/files/file-layout.ts';
import * as keys from '../../../lib/store/keys.ts';
import { check } from '../../../lib/upkeep/check.ts';
import type { Finding } from '../../../lib/upkeep/checking.ts';
import { bytesNamed, manifestOf, pushImage } from '../../support/images.ts';
import { definitionsOn, Parcel, SOMEBODY } from '../../support/stored-git.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';

const small = bytesNamed('small', 100);
const large = bytesNamed('large', 100_000);
const manifest = manifestOf([small, large]);
const digest = sha256(manifest);

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
  await pushImage(opened.registry, 'family', 'v1', [small, large], manifest);
});
afterEach(() => opened.close());

async function findings(content = true): Promise<Finding[]> {
  const found: Finding[] = [];
  const report = await check(opened.stores, opened.registry, { content, onFinding: (finding) => found.push(finding) });
  expect(report.errors + report.warnings).toBe(found.length);
  return found;
}

async function change(puts: [Uint8Array, string | Uint8Array][], deletes: Uint8Array[] = []): Promise<void> {
  await opened.stores.keys.commit({ puts: puts.map(([key, value]) => ({ key, value: Buffer.from(value) })), deletes });
}

it('finds nothing where all is well', async () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: manifest.length };
  await pushImage(opened.registry, 'family', 'v1.sig', [small], manifestOf([small], { subject }));
  await opened.registry.uploads.receive('family', digestWith('sha512', small), oneChunk(small));
  expect(await findings()).toEqual([]);
});

it('finds a flipped bit in small content', async () => {
  const flipped = Buffer.from(small);
  flipped[50] = (flipped[50] ?? 0) ^ 1;
  await change([[keys.inlineKey(sha256(small)), flipped]]);
  expect(await findings()).toEqual([
    { severity: 'error', what: 'the bytes do not match the digest', name: sha256(small) },
  ]);
  expect(await findings(false)).toEqual([]);
});

it('finds a file that was cut short', async () => {
  await writeFile(new FileLayout(opened.folder).blob(sha256(large)), large.subarray(1));
  expect(await findings()).toEqual([
    { severity: 'error', what: 'there are 99999 bytes and not 100000', name: sha256(large) },
  ]);
  expect(await findings(false)).toHaveLength(1);
});

it('finds bytes that are gone', async () => {
  await opened.stores.blobs.delete(sha256(large));
  await change([], [keys.inlineKey(sha256(small))]);
  const what = 'the bytes are missing';
  const expected = [sha256(small), sha256(large)].sort().map((name) => ({ severity: 'error', what, name }));
  expect(await findings()).toEqual(expected);
});

it('finds a link to content that is not kept', async () => {
  await change([], [keys.contentKey(sha256(small)), keys.inlineKey(sha256(small))]);
  expect(await findings()).toMatchObject([{ severity: 'error', name: sha256(small), family: 'family' }]);
});

it('finds another digest that does not match', async () => {
  const wrong = digestWith('sha512', Buffer.from('something else'));
  const link = { size: small.length, place: 'inline', content: sha256(small) };
  await change([[keys.blobKey('family', wrong), JSON.stringify(link)]]);
  expect(await findings()).toEqual([
    { severity: 'error', what: 'the bytes do not match the digest', name: wrong, family: 'family' },
  ]);
});

it('finds a tag that its manifest does not know, and a manifest that lists a tag that is not its own', async () => {
  await change([], [keys.tagOfManifestKey('family', digest, 'v1')]);
  expect(await findings()).toMatchObject([
    { severity: 'error', name: 'v1', what: 'the tag cannot be found by its manifest' },
  ]);
  await change([
    [keys.tagOfManifestKey('family', digest, 'v1'), ''],
    [keys.tagOfManifestKey('family', digest, 'v2'), ''],
  ]);
  expect(await findings()).toMatchObject([{ severity: 'error', name: 'v2' }]);
});

it('finds a referrer that is not listed, and one that is listed without being there', async () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: manifest.length };
  const referrer = await pushImage(opened.registry, 'family', 'sig', [small], manifestOf([small], { subject }));
  await change([], [keys.referrerKey('family', digest, referrer)]);
  expect(await findings()).toMatchObject([{ severity: 'error', name: referrer }]);
  await change([
    [keys.referrerKey('family', digest, sha256(small)), '{}'],
    [keys.referrerKey('family', digest, referrer), '{}'],
  ]);
  expect(await findings()).toMatchObject([{ severity: 'error', name: sha256(small) }]);
});

it('warns of what a request took away from under a manifest', async () => {
  await opened.registry.blobs.remove('family', sha256(large));
  expect(await findings()).toMatchObject([{ severity: 'warning', name: digest }]);
});

it('warns of bytes that no record speaks of', async () => {
  const stray = bytesNamed('stray', 80_000);
  await opened.stores.blobs.write(sha256(stray), oneChunk(stray));
  await change([[keys.inlineKey(sha256(stray)), stray.subarray(0, 9)]]);
  expect(await findings()).toMatchObject([{ severity: 'warning' }, { severity: 'warning' }]);
});

it('finds a repository that has lost its record, and checks what it has all the same', async () => {
  await change([], [keys.familyKey('family')]);
  expect(await findings()).toEqual([
    { severity: 'error', what: 'the repository has no record', name: 'family', family: 'family' },
  ]);
  await change([], [keys.blobKey('family', sha256(large)), keys.tagOfManifestKey('family', digest, 'v1')]);
  expect(await findings()).toMatchObject([
    { severity: 'error', name: 'family' },
    { severity: 'warning', name: digest },
    { severity: 'error', name: 'v1' },
  ]);
});

it.each([
  ['a blob', (family: string) => keys.blobKey(family, sha256(small)), JSON.stringify({ size: 100, place: 'inline' })],
  ['a tag', (family: string) => keys.tagKey(family, 'v1'), digest],
  ['a tag of a manifest', (family: string) => keys.tagOfManifestKey(family, digest, 'v1'), ''],
  ['a referrer', (family: string) => keys.referrerKey(family, digest, digest), '{}'],
])('finds repositories that only a key names: %s', async (_, keyOf, value) => {
  const names = ['a', 'family/of', 'familyy', 'z'];
  await change(names.map((name) => [keyOf(name), value]));
  const found = (await findings()).filter(({ what }) => what === 'the repository has no record');
  expect(found.map(({ name }) => name)).toEqual(names);
});

it('finds a digest of another algorithm that leads to other bytes, or nowhere', async () => {
  const [wrong, lost, torn] = ['wrong', 'lost', 'torn'].map((name) => digestWith('sha512', Buffer.from(name)));
  const gone = sha256(Buffer.from('gone'));
  await change([
    [keys.aliasKey(digestWith('sha512', small)), sha256(small)],
    [keys.aliasKey(wrong ?? digest), sha256(large)],
    [keys.aliasKey(lost ?? digest), gone],
    [keys.aliasKey(torn ?? digest), 'sha256:'],
  ]);
  const found = await findings();
  expect(found).toHaveLength(3);
  expect(found).toEqual(
    expect.arrayContaining([
      { severity: 'error', what: 'the bytes do not match the digest', name: wrong },
      {
        severity: 'warning',
        what: `the digest leads to content that is gone; assay gc removes it: ${gone}`,
        name: lost,
      },
      { severity: 'error', what: 'the digest leads to no content', name: torn },
    ]),
  );
  expect(await findings(false)).toHaveLength(2);
});

it('warns of an upload that nobody can go on with', async () => {
  await opened.registry.uploads.start('family');
  await change([[keys.uploadKey('no uuid'), '{}']]);
  expect(await findings()).toMatchObject([{ severity: 'warning', name: 'no uuid' }]);
});

describe('of a Git repository', () => {
  const parcel = new Parcel();
  const blob = parcel.add('blob', small);
  const tip = parcel.commit({ large, small, other: Buffer.from('other') });
  const other = parcel.add('blob', Buffer.from('other'));
  beforeEach(async () => {
    const repository = definitionsOn(opened.stores, opened.registry).repositoryToPush('family', SOMEBODY);
    await repository.commit(parcel.batch({ name: 'refs/heads/main', from: null, to: tip }));
  });

  it('finds nothing where all is well', async () => {
    expect(await findings()).toEqual([]);
  });

  it('finds a ref that points nowhere', async () => {
    await change([], [keys.gitObjectKey('family', tip)]);
    expect(await findings()).toMatchObject([{ severity: 'error', name: 'refs/heads/main', family: 'family' }]);
  });

  it('finds an object whose content is gone', async () => {
    const content = sha256(Buffer.from('other'));
    await change([], [keys.contentKey(content), keys.inlineKey(content)]);
    expect(await findings()).toMatchObject([{ name: other, family: 'family' }, { name: other }]);
  });

  it('finds an id that is gone, or leads elsewhere', async () => {
    await change([], [keys.oidKey(blob)]);
    expect(await findings(false)).toMatchObject([{ severity: 'error', name: sha256(small) }]);
    await change([[keys.oidKey(blob), encodeKnown({ type: 'blob', content: sha256(large) })]]);
    expect(await findings(false)).toMatchObject([{ name: sha256(small) }, { name: blob }]);
  });

  it('finds bytes that are not those of the id', async () => {
    await change([[keys.oidKey(blob), encodeKnown({ type: 'tag', content: sha256(small) })]]);
    expect(await findings(false)).toEqual([]);
    expect(await findings()).toMatchObject([{ severity: 'error', name: sha256(small) }]);
  });

  it('finds a damaged zlib stream', async () => {
    const repetitive = Buffer.alloc(3000, 'again ');
    const more = new Parcel();
    more.add('blob', repetitive);
    const repository = definitionsOn(opened.stores, opened.registry).repositoryToPush('family', SOMEBODY);
    await repository.commit(more.batch({ name: 'refs/tags/blob', from: null, to: more.add('blob', repetitive) }));
    expect(await findings()).toEqual([]);
    await change([[keys.inlineKey(sha256(repetitive)), 'no stream']]);
    expect(await findings()).toMatchObject([{ severity: 'error', what: 'the stored bytes cannot be inflated' }]);
    expect(await findings(false)).toEqual([]);
  });
});
