import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { indexOf, manifestOf, pushImage } from '../../support/images.ts';
import { container, everythingIn, expectSound, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel } from '../../support/stored-git.ts';

const FAMILY = 'test-cases/carom';
const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const layer = Buffer.from('layer');

let opened: TestRegistry;
let definitions: Definitions;
let version: Version;
beforeEach(async () => {
  opened = await openTestRegistry();
  definitions = definitionsOn(opened.stores, opened.registry, () => opened.time);
  ({ version } = await publishTo(definitions, FAMILY, 'v1.0.0', testCase({ 'a/b': 'x' })));
});
afterEach(() => opened.close());

async function collectAll(untagged = true): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    opened.time += 7_200_000;
    const options = { graceMs: 0, uploadExpiryMs: 0, now: () => opened.time, untagged };
    expect(await collect(opened.stores, opened.registry, options)).toMatchObject({ skipped: [] });
  }
}

describe('a part of a version', () => {
  test('is not deleted by request', async () => {
    const { blobs, manifests } = opened.registry;
    const before = await everythingIn(opened.stores);
    for (const remove of [
      () => manifests.remove(FAMILY, version.digest),
      () => blobs.remove(FAMILY, version.config.digest),
      () => blobs.remove(FAMILY, version.layer.digest),
    ])
      await expect(remove()).rejects.toMatchObject({ code: 'published', detail: { version: 'v1.0.0' } });
    expect(await everythingIn(opened.stores)).toEqual(before);
  });

  test('is not deleted by request where it is of the image of a container', async () => {
    const { blobs, manifests } = opened.registry;
    const manifest = manifestOf([config, layer]);
    await pushImage(opened.registry, 'c', 'build', [config, layer], manifest);
    const index = indexOf([manifest]);
    const outer = indexOf([index]);
    await manifests.push('c', { tag: 'inner' }, index, undefined);
    await manifests.push('c', { tag: 'all' }, outer, undefined);
    const request = { image: sha256(outer) };
    const { version: published } = await publishTo(definitions, 'c', 'v1.0.0', container(), { request });
    const inner = await opened.registry.content.readAll(
      (await manifests.find('c', { digest: published.digest })).located,
    );
    const named = JSON.parse(Buffer.from(inner).toString('utf8')) as { manifests: { digest: string }[] };
    expect(named.manifests.map(({ digest }) => digest)).toContain(sha256(index));
    for (const digest of [published.digest, sha256(index), sha256(manifest)])
      await expect(manifests.remove('c', digest)).rejects.toMatchObject({ code: 'published' });
    for (const digest of [sha256(config), sha256(layer), published.config.digest, published.layer.digest])
      await expect(blobs.remove('c', digest)).rejects.toMatchObject({ code: 'published' });
    // The index that was given is not a part: what it names is.
    await manifests.remove('c', sha256(outer));
    await opened.registry.tags.remove('c', 'build').catch(() => undefined);
    await collectAll();
    await expectSound(opened.stores, opened.registry);
  });

  test('is one from the moment of the publish, though somebody had begun to delete it', async () => {
    const image = await pushImage(opened.registry, 'c', 'build', [config, layer]);
    await opened.registry.tags.remove('c', 'build');
    opened.time += 1000;
    // The collector marks it.
    const options = { graceMs: 1000, uploadExpiryMs: 0, now: () => opened.time, untagged: true };
    expect((await collect(opened.stores, opened.registry, options)).marked.manifests).toBe(1);
    await publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } });
    await collectAll();
    await expectSound(opened.stores, opened.registry);
    await expect(opened.registry.manifests.remove('c', image)).rejects.toMatchObject({ code: 'published' });
  });

  test('must be there: an image without its layer is refused', async () => {
    const image = await pushImage(opened.registry, 'c', 'build', [config, layer]);
    await opened.registry.blobs.remove('c', sha256(layer));
    const before = await everythingIn(opened.stores);
    const publishing = publishTo(definitions, 'c', 'v1.0.0', container(), { request: { image } });
    await expect(publishing).rejects.toMatchObject({
      code: 'image-invalid',
      message: expect.stringContaining('layers[0]'),
    });
    expect(await everythingIn(opened.stores)).toEqual(before);
  });

  test('stays a part of the version that was first, when another has it as well', async () => {
    const { version: second } = await publishTo(definitions, FAMILY, 'v1.0.1', testCase({ 'a/b': 'x' }));
    expect(second.layer).toEqual(version.layer);
    expect((await definitions.versions.resolve(FAMILY, version.digest)).version).toBe('v1.0.0');
    expect((await definitions.versions.resolve(FAMILY, second.digest)).version).toBe('v1.0.1');
    await expect(opened.registry.blobs.remove(FAMILY, version.layer.digest)).rejects.toMatchObject({
      code: 'published',
    });
  });

  test('is pushed again as it is without harm', async () => {
    const { located } = await opened.registry.manifests.find(FAMILY, { digest: version.digest });
    const bytes = await opened.registry.content.readAll(located);
    const before = await everythingIn(opened.stores);
    await opened.registry.manifests.push(FAMILY, { tag: 'v1.0.0' }, bytes, undefined);
    expect(await everythingIn(opened.stores)).toEqual(before);
    await opened.registry.manifests.push(FAMILY, { tag: 'mine' }, bytes, undefined);
    await opened.registry.tags.remove(FAMILY, 'mine');
    await expect(opened.registry.manifests.remove(FAMILY, version.digest)).rejects.toMatchObject({ code: 'published' });
    await expectSound(opened.stores, opened.registry);
  });
});

describe('the OCI tag', () => {
  test.each(['v1.0.0', 'stable'])('%s is nobody’s to move or delete', async (tag) => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, { address: '' });
    const other = manifestOf([Buffer.from('{}')]);
    await pushImage(opened.registry, FAMILY, 'other', [Buffer.from('{}')], other);
    const { manifests, tags } = opened.registry;
    const before = await everythingIn(opened.stores);
    await expect(manifests.push(FAMILY, { tag }, other, undefined)).rejects.toMatchObject({ code: 'tag-immutable' });
    await expect(manifests.push(FAMILY, { digest: sha256(other) }, other, undefined, [tag])).rejects.toMatchObject({
      code: 'tag-immutable',
    });
    await expect(tags.remove(FAMILY, tag)).rejects.toMatchObject({ code: 'tag-immutable' });
    expect(await everythingIn(opened.stores)).toEqual(before);
  });

  test('of a pin is free once the pin is removed', async () => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, { address: '' });
    await definitions.pins.change(FAMILY, 'stable', { to: null }, { address: '' });
    await pushImage(opened.registry, FAMILY, 'stable', [Buffer.from('{}')]);
    await expect(definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, { address: '' })).rejects.toMatchObject({
      code: 'name-taken',
    });
    await expectSound(opened.stores, opened.registry);
  });
});

describe('a collection without any grace', () => {
  test('keeps everything of versions and pins, and takes what is beside them', async () => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, { address: '' });
    await pushImage(opened.registry, FAMILY, 'gone', [Buffer.from('{}'), Buffer.alloc(100_000, 'gone')]);
    const all = await everythingIn(opened.stores);
    await opened.registry.tags.remove(FAMILY, 'gone');
    await collectAll();
    expect(Object.keys(await everythingIn(opened.stores)).length).toBeLessThan(Object.keys(all).length);
    await expectSound(opened.stores, opened.registry);
    const archive = await definitions.archives.open(FAMILY, version.tree);
    const pieces: Buffer[] = [];
    for await (const piece of archive.read()) pieces.push(Buffer.from(piece));
    expect(sha256(Buffer.concat(pieces))).toBe(version.layer.digest);
    expect(await definitions.versions.resolve(FAMILY, 'stable')).toEqual({ ...version, pins: ['stable'] });
  });

  test('keeps a version whose branch was deleted', async () => {
    const main = { name: 'refs/heads/main', from: version.commit, to: null };
    expect(await pushTo(definitions, FAMILY, new Parcel(), [main])).toEqual({ 'refs/heads/main': undefined });
    await collectAll();
    await expectSound(opened.stores, opened.registry);
    expect((await definitions.files.list(version)).files).toHaveLength(3);
  });
});
