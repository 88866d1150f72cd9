import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectSize } from '../../../lib/git/stored/object-size.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { contentKey, inlineKey, leaseKey } from '../../../lib/store/keys.ts';
import { makeRegistry } from '../../../lib/oci/registry.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import type { CollectedItem, CollectOptions, CollectReport } from '../../../lib/upkeep/collection.ts';
import { bytesNamed, indexOf, manifestOf, pushImage } from '../../support/images.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { storedBlob } from '../../support/stored-blob.ts';

const HOUR = 3_600_000;
const small = bytesNamed('small', 100);
const large = bytesNamed('large', 100_000);

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

function run(options: Partial<CollectOptions> = {}): Promise<CollectReport> {
  const { stores, registry } = opened;
  return collect(stores, registry, {
    graceMs: 24 * HOUR,
    uploadExpiryMs: 24 * HOUR,
    now: () => opened.time,
    ...options,
  });
}

function has(bytes: Uint8Array): Promise<boolean> {
  return storedBlob(opened.registry, 'family', sha256(bytes)).then(
    () => true,
    () => false,
  );
}

async function isStored(bytes: Uint8Array): Promise<boolean> {
  return (await opened.stores.keys.get(contentKey(sha256(bytes)))) !== undefined;
}

async function upload(bytes: Uint8Array, family = 'family'): Promise<void> {
  await opened.registry.uploads.receive(family, sha256(bytes), oneChunk(bytes));
}

describe('a blob that no manifest names', () => {
  it('is marked by the first run and removed by one after the grace period, with its bytes', async () => {
    await upload(large);
    expect((await run()).marked.blobs).toBe(1);
    opened.time += 23 * HOUR;
    expect((await run()).removed.blobs).toBe(0);
    opened.time += 2 * HOUR;
    expect((await run()).removed).toMatchObject({ blobs: 1, content: 1 });
    expect(await has(large)).toBe(false);
    expect(await opened.stores.blobs.stat(sha256(large))).toBeUndefined();
  });

  it('is kept for another grace period by a client that asks for it', async () => {
    await upload(small);
    await run();
    opened.time += 25 * HOUR;
    expect(await has(small)).toBe(true);
    expect((await run()).removed.blobs).toBe(0);
    expect(await has(small)).toBe(true);
  });

  it('is kept by a manifest that names it after it was marked', async () => {
    await upload(small);
    await run();
    opened.time += 25 * HOUR;
    await opened.registry.manifests.push('family', { tag: 'v1' }, manifestOf([small]), undefined);
    expect((await run()).removed.blobs).toBe(0);
    expect(await has(small)).toBe(true);
  });

  it('is kept where another repository mounts it, though it goes from the first', async () => {
    await upload(small);
    await opened.registry.blobs.mount('other', sha256(small), 'family');
    await opened.registry.manifests.push('other', { tag: 'v1' }, manifestOf([small]), undefined);
    await run({ graceMs: 0 });
    expect(await has(small)).toBe(false);
    expect(await opened.registry.blobs.find('other', sha256(small))).toMatchObject({ size: small.length });
  });

  it('goes at once without grace, and comes back whole when it is pushed again', async () => {
    await upload(large);
    expect((await run({ graceMs: 0 })).removed.blobs).toBe(1);
    await upload(large);
    expect(
      sha256(await opened.registry.content.readAll(await storedBlob(opened.registry, 'family', sha256(large)))),
    ).toBe(sha256(large));
  });
});

describe('a dry run', () => {
  it('names what would go and changes nothing', async () => {
    await upload(small);
    await run();
    opened.time += 25 * HOUR;
    const items: CollectedItem[] = [];
    const report = await run({ dryRun: true, onItem: (item) => items.push(item) });
    expect(report).toMatchObject({ dryRun: true, removed: { blobs: 1 } });
    expect(items).toContainEqual({
      action: 'removed',
      kind: 'blobs',
      name: sha256(small),
      family: 'family',
      bytes: 100,
    });
    expect(await has(small)).toBe(true);
  });

  it('does not even mark', async () => {
    await upload(small);
    await run({ dryRun: true });
    opened.time += 25 * HOUR;
    expect((await run()).removed.blobs).toBe(0);
  });
});

describe('manifests without a tag', () => {
  const child = manifestOf([small]);
  const lone = manifestOf([small], { annotations: { lone: 'yes' } });

  beforeEach(async () => {
    await pushImage(opened.registry, 'family', 'child', [small], child);
    await pushImage(opened.registry, 'family', 'lone', [small], lone);
    await opened.registry.manifests.push('family', { tag: 'index' }, indexOf([child]), undefined);
    const subject = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: sha256(child),
      size: child.length,
    };
    await opened.registry.manifests.push('family', { tag: 'signature' }, manifestOf([small], { subject }), undefined);
    for (const tag of ['child', 'lone', 'signature']) await opened.registry.tags.remove('family', tag);
  });

  it('stay unless it is asked for', async () => {
    expect((await run({ graceMs: 0 })).removed).toMatchObject({ manifests: 0, blobs: 0 });
    await expect(opened.registry.manifests.find('family', { digest: sha256(lone) })).resolves.toBeDefined();
  });

  it('go where no index, no subject and no tag reaches them', async () => {
    const items: CollectedItem[] = [];
    await run({ graceMs: 0, untagged: true, onItem: (item) => items.push(item) });
    const removed = items.filter(({ action, kind }) => action === 'removed' && kind === 'manifests');
    expect(removed.map(({ name }) => name)).toEqual([sha256(lone)]);
    const { descriptors } = await opened.registry.referrers.list('family', sha256(child), { limit: 10 });
    expect(descriptors).toHaveLength(1);
  });

  it('stay when a tag is set on them after they were marked', async () => {
    await run({ untagged: true });
    await opened.registry.manifests.push('family', { tag: 'again' }, lone, undefined);
    opened.time += 25 * HOUR;
    expect((await run({ untagged: true })).removed.manifests).toBe(0);
  });
});

describe('uploads', () => {
  it('are dropped when nothing came for too long, with what was staged', async () => {
    const id = await opened.registry.uploads.start('family');
    await opened.registry.uploads.append('family', id, undefined, oneChunk(large));
    expect((await run()).removed.uploads).toBe(0);
    opened.time += 25 * HOUR;
    expect((await run()).removed.uploads).toBe(1);
    await expect(opened.registry.uploads.size('family', id)).rejects.toMatchObject({ code: 'upload-unknown' });
    expect(await opened.stores.uploads.size(id)).toBe(0);
  });
});

describe('what a process that died leaves behind', () => {
  it('is removed: a blob without a record', async () => {
    await opened.stores.blobs.write(sha256(large), oneChunk(large));
    await run();
    expect(await opened.stores.blobs.stat(sha256(large))).toBeUndefined();
  });

  it('is removed: content that was still arriving an hour ago', async () => {
    const key = contentKey(sha256(large));
    const arriving = { size: large.length, place: 'blob', state: 'arriving', since: opened.time };
    await opened.stores.keys.commit({ puts: [{ key, value: Buffer.from(JSON.stringify(arriving)) }] });
    await run();
    expect(await isStored(large)).toBe(true);
    opened.time += 2 * HOUR;
    await run();
    expect(await isStored(large)).toBe(false);
  });

  it('is gone on with: content in the middle of being deleted, which can then be pushed again', async () => {
    await upload(large);
    const deleting = { size: large.length, place: 'blob', state: 'deleting', since: opened.time };
    await opened.registry.blobs.remove('family', sha256(large));
    await opened.stores.keys.commit({
      puts: [{ key: contentKey(sha256(large)), value: Buffer.from(JSON.stringify(deleting)) }],
    });
    const pushed = upload(large);
    await run();
    await pushed;
    expect(
      sha256(await opened.registry.content.readAll(await storedBlob(opened.registry, 'family', sha256(large)))),
    ).toBe(sha256(large));
  });
});

it('refuses to run beside another run, and takes over from one that died', async () => {
  const lease = { owner: 'another', until: opened.time + 60_000 };
  await opened.stores.keys.commit({
    puts: [{ key: leaseKey('garbage collection'), value: Buffer.from(JSON.stringify(lease)) }],
  });
  await expect(run()).rejects.toMatchObject({ code: 'busy' });
  opened.time += 61_000;
  await expect(run()).resolves.toMatchObject({ dryRun: false });
});

it('leaves a repository alone in which a manifest cannot be read', async () => {
  await upload(small);
  const manifest = manifestOf([small]);
  await opened.registry.manifests.push('family', { tag: 'v1' }, manifest, undefined);
  await upload(bytesNamed('other', 10));
  const reopened = await breakContent(manifest);
  expect(reopened.skipped).toEqual([{ family: 'family', why: `manifest ${sha256(manifest)} cannot be read` }]);
  expect(reopened.removed.blobs).toBe(0);
});

/** Takes the bytes away below the registry, and collects with one that has nothing of them in memory. */
async function breakContent(bytes: Uint8Array): Promise<CollectReport> {
  await opened.stores.keys.commit({ deletes: [inlineKey(sha256(bytes))] });
  const registry = makeRegistry(opened.stores, { now: () => opened.time, maxBlobBytes: 1, objectSize });
  return collect(opened.stores, registry, { graceMs: 0, uploadExpiryMs: HOUR, now: () => opened.time });
}
