import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import { METADATA_FILES } from '../../../lib/definition/metadata/metadata.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import { canonicalJson } from '../../../lib/encoding/canonical-json.ts';
import { sha256, type Digest } from '../../../lib/encoding/digest.ts';
import { parseCommit } from '../../../lib/git/commit.ts';
import { readContent } from '../../../lib/git/object-content.ts';
import { hashObject } from '../../../lib/git/oid.ts';
import { MARK } from '../../../lib/scrub/scrubber.ts';
import { indexOf, manifestOf, pushImage } from '../../support/images.ts';
import {
  AUTHOR,
  container,
  everythingIn,
  expectSound,
  makeTree,
  newTag,
  oddTree,
  orderFor,
  packOfTree,
  publishTo,
  pushTo,
  testCase,
} from '../../support/publishing.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { SECRETS } from '../../support/secrets.ts';
import { storedBlob } from '../../support/stored-blob.ts';
import { definitionsOn, Parcel, SOMEBODY, valueOf } from '../../support/stored-git.ts';
import { appendDelta, packOf, withTrailer } from '../git/support/pack-builder.ts';

const FAMILY = 'test-cases/carom';

let opened: TestRegistry;
let definitions: Definitions;
beforeEach(async () => {
  opened = await openTestRegistry();
  definitions = definitionsOn(opened.stores, opened.registry, () => opened.time);
});
afterEach(() => opened.close());

const sound = (): Promise<void> => expectSound(opened.stores, opened.registry);

async function manifestBytes(family: string, digest: Digest): Promise<Buffer> {
  const { located } = await opened.registry.manifests.find(family, { digest });
  return Buffer.from(await opened.registry.content.readAll(located));
}

async function layerBytes({ family, tree }: Version): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of (await definitions.archives.open(family, tree)).read()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Rejects like this, and leaves every key as it was. */
async function expectRefused(publishing: () => Promise<unknown>, expected: object): Promise<void> {
  const before = await everythingIn(opened.stores);
  await expect(publishing()).rejects.toMatchObject(expected);
  expect(await everythingIn(opened.stores)).toEqual(before);
}

describe('a published version', () => {
  test('is a tag, a commit, a manifest and files that agree', async () => {
    const files = testCase({
      'a/b/run.sh': { run: '#!/bin/sh\n' },
      'a/link': { link: '../prompt.md' },
      empty: '',
      'noise.bin': randomBytes(100_000),
      'größe ✓': 'x',
    });
    const made = makeTree(files);
    const source = { repository: 'https://example.com/a.git', commit: '1'.repeat(40), path: 'here' };
    const { outcome, version } = await publishTo(definitions, FAMILY, 'v1.0.0', made, { request: { source } });
    expect(outcome).toBe('published');
    expect(version).toMatchObject({ family: FAMILY, version: 'v1.0.0', kind: 'test-case', tree: made.oid, files: 7 });
    expect(version).toMatchObject({ name: 'Carom', source, published: { by: SOMEBODY, with: 'publish' } });
    const repository = await definitions.repository(FAMILY);
    const commit = parseCommit((await readContent(repository.objects, version.commit)).content);
    expect(commit).toMatchObject({ tree: made.oid, parents: [], author: { seconds: 1_700_000_000, zone: '+0100' } });
    expect(commit.message).toContain('Source-Path: here');
    expect(await valueOf(repository, 'refs/heads/main')).toBe(version.commit);
    expect(await valueOf(repository, 'refs/tags/v1.0.0')).toBe(version.commit);
    expect(await opened.registry.tags.find(FAMILY, 'v1.0.0')).toBe(version.digest);
    const manifest = await manifestBytes(FAMILY, version.digest);
    expect(sha256(manifest)).toBe(version.digest);
    expect(JSON.parse(manifest.toString('utf8'))).toMatchObject({ config: version.config, layers: [version.layer] });
    const layer = await layerBytes(version);
    expect({ digest: sha256(layer), size: layer.length }).toEqual(version.layer);
    const { files: listed } = await definitions.files.list(version);
    expect(listed).toHaveLength(7);
    for (const { path, digest, oid, size } of listed) {
      const file = files[path]!;
      const bytes = Buffer.from(
        typeof file === 'string' || Buffer.isBuffer(file) ? file : 'run' in file ? file.run : file.link,
      );
      expect({ digest, oid, size }).toEqual({
        digest: sha256(bytes),
        oid: hashObject('blob', bytes),
        size: bytes.length,
      });
    }
    await sound();
  });

  test('stands on the one before, whichever is newer by name', async () => {
    const commits: string[] = [];
    for (const version of ['v1.1.0', 'v1.0.0', 'v2.0.0-rc.1']) {
      const published = await publishTo(definitions, FAMILY, version, testCase({ version }));
      commits.push(published.version.commit);
    }
    const { objects } = await definitions.repository(FAMILY);
    const parents = await Promise.all(
      commits.map(async (oid) => parseCommit((await readContent(objects, oid)).content)),
    );
    expect(parents.map(({ parents: [parent] }) => parent)).toEqual([undefined, commits[0], commits[1]]);
    expect((await definitions.versions.resolve(FAMILY, 'latest')).version).toBe('v1.1.0');
    await sound();
  });

  test('has a commit that is a pure function of what was published', async () => {
    const one = await publishTo(definitions, 'a/carom', 'v1.0.0', testCase());
    opened.time += 86_400_000;
    const other = await openTestRegistry();
    try {
      const elsewhere = definitionsOn(other.stores, other.registry);
      const again = await publishTo(elsewhere, 'a/carom', 'v1.0.0', testCase(), { by: { address: '::1' } });
      expect(again.version.commit).toBe(one.version.commit);
      expect(again.version.digest).toBe(one.version.digest);
    } finally {
      await other.close();
    }
  });

  test('needs only the objects that the family lacks, even as deltas on those', async () => {
    const text = 'a line of a long text\n'.repeat(500);
    await publishTo(definitions, FAMILY, 'v1.0.0', testCase({ 'long.txt': text }));
    const next = makeTree(testCase({ 'long.txt': `${text}and one more\n` }));
    const blob = hashObject('blob', Buffer.from(`${text}and one more\n`));
    const pack = packOf([
      next.objects.get(next.oid)!,
      { code: 7, base: hashObject('blob', Buffer.from(text)), content: appendDelta(text.length, 'and one more\n') },
    ]);
    const { version } = await publishTo(definitions, FAMILY, 'v1.1.0', next, { pack: oneChunk(pack) });
    expect((await definitions.files.list(version)).files.find(({ path }) => path === 'long.txt')?.oid).toBe(blob);
    await sound();
  });

  test('needs no pack at all where the family has its tree', async () => {
    const made = makeTree(testCase());
    await publishTo(definitions, FAMILY, 'v1.0.0', made);
    const { outcome, version } = await publishTo(definitions, FAMILY, 'v1.0.1', made, { pack: nothing() });
    expect(outcome).toBe('published');
    expect(version.tree).toBe(made.oid);
    await sound();
  });

  test('keeps objects of its tree alone', async () => {
    const stray = makeTree({ stray: 'not of the version\n' });
    const made = makeTree(testCase());
    const pack = packOf([...made.objects.values(), ...stray.objects.values()]);
    await publishTo(definitions, FAMILY, 'v1.0.0', made, { pack: oneChunk(pack) });
    const { objects } = await definitions.repository(FAMILY);
    expect((await objects.stat([...stray.objects.keys()])).size).toBe(0);
  });

  test('may hold a file that is its own metadata as JSON, or the manifest of another', async () => {
    const config = canonicalJson({ name: 'Carom', padding: 'x'.repeat(300) });
    const metadata = `name = "Carom"\npadding = "${'x'.repeat(300)}"\n`;
    const first = await publishTo(
      definitions,
      FAMILY,
      'v1.0.0',
      testCase({ 'test-case.toml': metadata, 'metadata.json': config }),
    );
    expect(first.version.config.digest).toBe(sha256(config));
    await sound();
    const manifest = await manifestBytes(FAMILY, first.version.digest);
    await publishTo(definitions, FAMILY, 'v1.0.1', testCase({ 'manifest.json': manifest }));
    await publishTo(definitions, 'other', 'v1.0.1', testCase({ 'manifest.json': manifest }));
    await sound();
  });

  test('may be as large as a few thousand files', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 1500 }, (_, at) => [`files/${at % 40}/${at}`, `file ${at}\n`]),
    );
    const { version } = await publishTo(
      definitions,
      FAMILY,
      'v1.0.0',
      testCase({ ...many, large: randomBytes(1_300_000) }),
    );
    expect(version.files).toBe(1503);
    expect(sha256(await layerBytes(version))).toBe(version.layer.digest);
    await sound();
  });
});

describe('the same again', () => {
  test('is unchanged and changes nothing, whoever says it and from wherever', async () => {
    const made = makeTree(testCase());
    const first = await publishTo(definitions, FAMILY, 'v1.0.0', made);
    const before = await everythingIn(opened.stores);
    const request = { source: { path: 'elsewhere' }, author: 'B <b@example.com> 1 +0000' };
    for (const pack of [oneChunk(packOfTree(made)), nothing()]) {
      const again = await publishTo(definitions, FAMILY, 'v1.0.0', made, { request, pack, by: { address: '::1' } });
      expect(again).toEqual({ outcome: 'unchanged', version: first.version });
    }
    expect(await everythingIn(opened.stores)).toEqual(before);
  });
});

describe('other content under a published version', () => {
  test('is refused with both digests and what differs', async () => {
    const files = testCase({ same: 'same', changed: 'one', removed: 'x', 'kind/of': 'file' });
    const { version } = await publishTo(definitions, FAMILY, 'v1.0.0', files);
    const { removed: _removed, ...kept } = files;
    const other = makeTree({ ...kept, changed: 'other', added: { link: 'same' } });
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', other), {
      code: 'version-conflict',
      message: expect.stringContaining(version.digest),
      detail: {
        published: { digest: version.digest, tree: version.tree },
        refused: { tree: other.oid, digest: expect.stringMatching(/^sha256:/) },
        difference: {
          added: 1,
          removed: 1,
          changed: 1,
          paths: [
            { path: 'added', change: 'added', to: { kind: 'link', size: 4 } },
            { path: 'changed', change: 'changed', from: { kind: 'file', size: 3 }, to: { kind: 'file', size: 5 } },
            { path: 'removed', change: 'removed', from: { kind: 'file', size: 1 } },
          ],
        },
      },
    });
    expect((await definitions.versions.resolve(FAMILY, 'v1.0.0')).digest).toBe(version.digest);
  });

  test('is refused where only a file became executable', async () => {
    await publishTo(definitions, FAMILY, 'v1.0.0', testCase({ run: 'x' }));
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', testCase({ run: { run: 'x' } })), {
      code: 'version-conflict',
      detail: {
        difference: { changed: 1, paths: [{ path: 'run', from: { kind: 'file' }, to: { kind: 'executable' } }] },
      },
    });
  });

  test('is refused with a list that is cut and counts that are not', async () => {
    const many = Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`f/${at}`, 'x']));
    await publishTo(definitions, FAMILY, 'v1.0.0', testCase(many));
    const refused = publishTo(definitions, FAMILY, 'v1.0.0', testCase());
    await expect(refused).rejects.toMatchObject({ detail: { difference: { removed: 1200, cut: true } } });
    await expect(refused).rejects.toSatisfy(
      (error: { detail: { difference: { paths: unknown[] } } }) => error.detail.difference.paths.length === 1000,
    );
  });
});

describe('a family', () => {
  test('is of one kind', async () => {
    await publishTo(definitions, FAMILY, 'v1.0.0', testCase());
    await expectRefused(() => publishTo(definitions, FAMILY, 'v2.0.0', container()), { code: 'kind-mismatch' });
  });

  test('keeps names that are something else already', async () => {
    const parcel = new Parcel();
    const plain = parcel.commit({ 'plain.txt': Buffer.from('no definition') });
    expect(await pushTo(definitions, FAMILY, parcel, [newTag('v1.0.0', plain)])).toEqual({
      'refs/tags/v1.0.0': undefined,
    });
    await pushImage(opened.registry, FAMILY, 'v2.0.0', [Buffer.from('{}')]);
    for (const version of ['v1.0.0', 'v2.0.0'])
      await expectRefused(() => publishTo(definitions, FAMILY, version, testCase()), { code: 'name-taken' });
    await publishTo(definitions, FAMILY, 'v3.0.0', testCase());
    await sound();
  });

  test.each(['refs/tags/v1.0.0/notes', 'refs/heads/main/more'])(
    'that has %s says so, and not that it is busy',
    async (name) => {
      const parcel = new Parcel();
      const plain = parcel.commit({ 'plain.txt': Buffer.from('no definition') });
      await pushTo(definitions, FAMILY, parcel, [{ name, from: null, to: plain }]);
      await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', testCase()), {
        code: 'name-taken',
        message: expect.stringContaining(name),
      });
    },
  );
});

describe('what is no definition is refused, and nothing is stored:', () => {
  test.each([
    ['no metadata', { 'prompt.md': 'x' }, 'definition-invalid', 'neither test-case.toml nor container.toml'],
    ['metadata below the root', { 'a/test-case.toml': '' }, 'definition-invalid', 'at its root'],
    ['metadata of both kinds', { ...testCase(), ...container() }, 'definition-invalid', 'one kind'],
    [
      'metadata that is a link',
      testCase({ 'test-case.toml': { link: 'prompt.md' } }),
      'definition-invalid',
      'be a file',
    ],
    ['metadata that is a folder', { 'test-case.toml/x': '' }, 'definition-invalid', 'be a file'],
    ['metadata that is no TOML', testCase({ 'test-case.toml': 'name = ' }), 'definition-invalid', 'test-case.toml:1'],
    ['metadata that is not UTF-8', testCase({ 'test-case.toml': Buffer.of(0x6e, 0xff) }), 'definition-invalid', ''],
    ['a file that is not there', testCase({ 'test-case.toml': 'prompt = "no.md"\n' }), 'definition-invalid', 'no.md'],
    ['a link to nothing', testCase({ link: { link: '' } }), 'definition-invalid', 'link: '],
    ['a link with NUL', testCase({ link: { link: 'a\0b' } }), 'definition-invalid', 'link: '],
    ['a link that is too long', testCase({ link: { link: 'a'.repeat(4097) } }), 'definition-invalid', '4096'],
    ['a deletion mark of layers', testCase({ 'a/.wh.b': '' }), 'forbidden-content', 'a/.wh.b'],
    ['a name that is .git', testCase({ 'a/.GIT/config': '' }), 'forbidden-content', '.GIT'],
  ])('%s', async (_what, files, code, message) => {
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', files), {
      code,
      message: expect.stringContaining(message),
    });
  });

  test('a link whose target is no UTF-8', async () => {
    const target = Buffer.of(0x61, 0xff);
    const made = makeTree(testCase());
    const entries = [
      { mode: 0o100644, name: 'test-case.toml', oid: hashObject('blob', Buffer.from('name = "Carom"\n')) },
      { mode: 0o120000, name: 'link', oid: hashObject('blob', target) },
    ];
    const odd = oddTree(entries, [
      ['blob', target],
      ['blob', Buffer.from('name = "Carom"\n')],
    ]);
    expect(made.oid).not.toBe(odd.oid);
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', odd), {
      code: 'definition-invalid',
      detail: { faults: [{ file: 'link' }] },
    });
  });

  test('a path with a secret in it, which is not repeated', async () => {
    const key = SECRETS['github-token']![0]!;
    const files = testCase({ [`logs/${key}.txt`]: 'x', [`${key}/y`]: 'x', link: { link: 'prompt.md' } });
    const error: unknown = await publishTo(definitions, FAMILY, 'v1.0.0', files).catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'definition-invalid',
      message: expect.stringContaining('github-token'),
      detail: { faults: [{ file: `${MARK}/y` }, { file: `logs/${MARK}.txt` }] },
    });
    expect(JSON.stringify(error) + String(error)).not.toContain(key);
  });

  test('every fault at once', async () => {
    const bad = { 'test-case.toml': 'version = "one"\ntags = 1\n', link: { link: '' } };
    await expect(publishTo(definitions, FAMILY, 'v1.0.0', bad)).rejects.toMatchObject({
      message: expect.stringContaining('(and 2 more)'),
      detail: { faults: [{ line: 1, key: 'version' }, { line: 2, key: 'tags' }, { file: 'link' }] },
    });
  });

  const toml = Buffer.from('name = "Carom"\n');
  const blob = { mode: 0o100644, name: METADATA_FILES['test-case'], oid: hashObject('blob', toml) };
  const nowhere = '7'.repeat(40);
  test.each([
    [
      'an empty folder',
      [blob, { mode: 0o40000, name: 'x', oid: hashObject('tree', Buffer.alloc(0)) }],
      'forbidden-content',
    ],
    ['a submodule', [blob, { mode: 0o160000, name: 'x', oid: nowhere }], 'forbidden-content'],
    ['a mode that Git does not write', [blob, { mode: 0o100666, name: 'x', oid: blob.oid }], 'forbidden-content'],
    ['a file that is in no pack', [blob, { mode: 0o100644, name: 'x', oid: nowhere }], 'object-missing'],
    ['a folder that is in no pack', [blob, { mode: 0o40000, name: 'x', oid: nowhere }], 'object-missing'],
    ['a folder that is a file', [blob, { mode: 0o40000, name: 'x', oid: blob.oid }], 'bad-object'],
  ])('%s', async (_what, entries, code) => {
    const odd = oddTree(entries, [
      ['blob', toml],
      ['tree', Buffer.alloc(0)],
    ]);
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', odd), { code });
  });

  test('a tree that is a blob, a commit or nothing', async () => {
    const made = makeTree(testCase());
    const file = hashObject('blob', Buffer.from('Play carom.\n'));
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', made, { request: { tree: file } }), {
      code: 'bad-object',
    });
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', made, { request: { tree: nowhere } }), {
      code: 'object-missing',
    });
    const { version } = await publishTo(definitions, FAMILY, 'v1.0.0', made);
    await expectRefused(() => publishTo(definitions, FAMILY, 'v2.0.0', made, { request: { tree: version.commit } }), {
      code: 'bad-object',
    });
  });

  test('a tree of another family', async () => {
    const made = makeTree(testCase());
    await publishTo(definitions, 'other', 'v1.0.0', made);
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', made, { pack: nothing() }), {
      code: 'object-missing',
    });
  });

  test.each(['1.0.0', 'v1', 'v1.0', 'v01.0.0', 'v1.0.0+build', 'latest', '', 'V1.0.0', `v1.0.0-${'a'.repeat(200)}`])(
    'as version %j',
    async (version) => {
      await expectRefused(() => publishTo(definitions, FAMILY, version, testCase()), { code: 'version-invalid' });
    },
  );

  const good = packOfTree(makeTree(testCase()));
  test.each([
    ['that is cut', good.subarray(0, good.length - 30), 'truncated'],
    ['without its trailer', good.subarray(0, good.length - 20), 'truncated'],
    ['with another trailer', Buffer.concat([good.subarray(0, -1), Buffer.of(good.at(-1)! ^ 1)]), 'bad-pack'],
    ['with something behind it', Buffer.concat([good, Buffer.from('more')]), 'bad-pack'],
    ['that is none', Buffer.from('nothing like a pack, and long enough'), 'bad-pack'],
    [
      'of fewer objects than it says',
      withTrailer(Buffer.from(good.subarray(0, -20)).fill(9, 11, 12)),
      'truncated|bad-pack',
    ],
  ])('a pack %s', async (_what, pack, code) => {
    await expectRefused(
      () => publishTo(definitions, FAMILY, 'v1.0.0', testCase(), { pack: oneChunk(Buffer.from(pack)) }),
      {
        code: expect.stringMatching(code),
      },
    );
  });
});

describe('a container', () => {
  const config = Buffer.from('{"architecture":"arm64","os":"linux","variant":"v8"}');
  const layer = Buffer.from('layer');

  test('is published with its image as an index from which clients choose by platform', async () => {
    const image = await pushImage(opened.registry, 'c', 'build', [config, layer]);
    const { outcome, version } = await publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } });
    expect(outcome).toBe('published');
    expect(version).toMatchObject({ kind: 'container', image });
    const index = JSON.parse((await manifestBytes('c', version.digest)).toString('utf8')) as {
      manifests: { digest: Digest; platform: object }[];
    };
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'arm64', os: 'linux', variant: 'v8' },
      { architecture: 'unknown', os: 'unknown' },
    ]);
    expect(index.manifests[0]?.digest).toBe(image);
    const own = JSON.parse((await manifestBytes('c', index.manifests[1]!.digest)).toString('utf8')) as object;
    expect(own).toMatchObject({ config: version.config, layers: [version.layer] });
    expect(await publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } })).toMatchObject({
      outcome: 'unchanged',
    });
    await expectRefused(() => publishTo(definitions, 'c', 'v1.0.0', container()), {
      code: 'version-conflict',
      detail: { published: { image }, difference: { added: 0, removed: 0, changed: 0 } },
    });
    await sound();
  });

  test('takes every image of an index', async () => {
    const images = [
      manifestOf([config, layer]),
      manifestOf([Buffer.from('{"architecture":"amd64","os":"linux"}'), layer]),
    ];
    for (const [at, manifest] of images.entries()) {
      const blobs = at === 0 ? [config, layer] : [Buffer.from('{"architecture":"amd64","os":"linux"}'), layer];
      await pushImage(opened.registry, 'c', `build-${at}`, blobs, manifest);
    }
    const bytes = indexOf(images);
    await opened.registry.manifests.push('c', { tag: 'all' }, bytes, undefined);
    const { version } = await publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image: sha256(bytes) } });
    const index = JSON.parse((await manifestBytes('c', version.digest)).toString('utf8')) as { manifests: unknown[] };
    expect(index.manifests).toHaveLength(3);
    await sound();
  });

  test('is refused with an image that is not there, is none, or is of another family', async () => {
    const elsewhere = await pushImage(opened.registry, 'other', 'build', [config, layer]);
    const empty = indexOf([]);
    await opened.registry.manifests.push('c', { tag: 'empty' }, empty, undefined);
    for (const image of [elsewhere, sha256(layer), sha256(empty), 'latest', '', `sha512:${'1'.repeat(128)}`]) {
      await expectRefused(() => publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } }), {
        code: 'image-invalid',
      });
    }
  });

  test.each(['null', '[]', '1', 'no json', '', '{"architecture":1,"os":{}}'])(
    'takes an image without a platform where its config is %j',
    async (text) => {
      const image = await pushImage(opened.registry, 'c', 'build', [Buffer.from(text), layer]);
      const { version } = await publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } });
      const index = JSON.parse((await manifestBytes('c', version.digest)).toString('utf8')) as {
        manifests: { platform?: object }[];
      };
      expect(index.manifests[0]?.platform).toBeUndefined();
      await sound();
    },
  );

  test.each([
    ['half a character', '"annotations":{"a":"\\ud800"}'],
    ['a name that readers take for the prototype', '"annotations":{"__proto__":"x"}'],
    ['a platform that is too deep', `"platform":${'{"a":'.repeat(250)}1${'}'.repeat(250)}`],
  ])('is refused with an index that has %s', async (_what, field) => {
    const manifest = manifestOf([config, layer]);
    await pushImage(opened.registry, 'c', 'build', [config, layer], manifest);
    const index = indexOf([manifest]).toString('utf8').replace('"size"', `${field},"size"`);
    await opened.registry.manifests.push('c', { tag: 'all' }, Buffer.from(index), undefined);
    await expectRefused(
      () => publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image: sha256(Buffer.from(index)) } }),
      { code: 'image-invalid' },
    );
  });

  test('is refused with an image whose config was deleted', async () => {
    const image = await pushImage(opened.registry, 'c', 'build', [config, layer]);
    await opened.registry.blobs.remove('c', sha256(config));
    await expectRefused(() => publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } }), {
      code: 'image-invalid',
    });
  });

  test('alone has an image', async () => {
    const image = await pushImage(opened.registry, FAMILY, 'build', [config, layer]);
    await expectRefused(() => publishTo(definitions, FAMILY, 'v1.0.0', testCase(), { request: { image } }), {
      code: 'image-invalid',
    });
  });
});

test('a layer that was pushed before as bytes is made of the tree from then on', async () => {
  const other = await publishTo(definitions, 'other', 'v1.0.0', testCase());
  const bytes = await layerBytes(other.version);
  await opened.registry.uploads.receive(FAMILY, other.version.layer.digest, oneChunk(bytes));
  await storedBlob(opened.registry, FAMILY, other.version.layer.digest);
  await publishTo(definitions, FAMILY, 'v1.0.0', testCase());
  expect(await opened.registry.blobs.find(FAMILY, other.version.layer.digest)).toMatchObject({ place: 'tree' });
  await opened.registry.uploads.receive(FAMILY, other.version.layer.digest, oneChunk(bytes));
  expect(await opened.registry.blobs.find(FAMILY, other.version.layer.digest)).toMatchObject({ place: 'tree' });
  await sound();
});

test('an author as Git writes it is the author of the commit', async () => {
  const author = 'Jörg 🎱 <j@example.com> 0 -0000';
  const order = orderFor(FAMILY, 'v1.0.0', testCase(), { request: { author } });
  const { version } = await definitions.publisher.publish(order);
  const { objects } = await definitions.repository(FAMILY);
  expect((await readContent(objects, version.commit)).content.toString('utf8')).toContain(`author ${author}\n`);
  expect(author).not.toBe(AUTHOR);
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
