import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectSize } from '../../../lib/git/stored/object-size.ts';
import { digestWith, sha256 } from '../../../lib/encoding/digest.ts';
import { makeRegistry, type Registry } from '../../../lib/oci/registry.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { blobKey } from '../../../lib/store/keys.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { bytesNamed, indexOf, manifestOf } from '../../support/images.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { storedBlob } from '../../support/stored-blob.ts';

const small = bytesNamed('small', 100);
const large = bytesNamed('large', 300_000);

function nothing(): AsyncGenerator<Uint8Array> {
  return oneChunk(Buffer.alloc(0));
}

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

/** As another process on the same data would have it. */
function secondRegistry(keys: KeyedStore = opened.stores.keys): Registry {
  return makeRegistry({ ...opened.stores, keys }, { now: () => opened.time, maxBlobBytes: 2 ** 40, objectSize });
}

async function errors(): Promise<number> {
  return (await check(opened.stores, secondRegistry(), { content: true })).errors;
}

describe('a manifest that is deleted while a tag is set on it', () => {
  const manifest = manifestOf([small]);

  it('never takes with it an immutable tag that was acknowledged', async () => {
    const { registry } = opened;
    await registry.uploads.receive('f', sha256(small), oneChunk(small));
    await registry.families.declare('f', { immutable: ['v*'] });
    for (let round = 0; round < 40; round += 1) {
      const bytes = manifestOf([small], { annotations: { round: String(round) } });
      await registry.manifests.push('f', { digest: sha256(bytes) }, bytes, undefined);
      const [pushed] = await Promise.allSettled([
        registry.manifests.push('f', { tag: `v${round}` }, bytes, undefined),
        registry.manifests.remove('f', sha256(bytes)),
      ]);
      expect(pushed.status).toBe('fulfilled');
      expect(await registry.manifests.find('f', { tag: `v${round}` })).toMatchObject({ digest: sha256(bytes) });
    }
  });

  it('leaves no tag behind that names nothing', async () => {
    const { registry } = opened;
    await registry.uploads.receive('f', sha256(small), oneChunk(small));
    await registry.manifests.push('f', { tag: 'first' }, manifest, undefined);
    const pushes = Array.from({ length: 10 }, (_, at) =>
      registry.manifests.push('f', { tag: `t${at}` }, manifest, undefined),
    );
    await Promise.allSettled([...pushes, registry.manifests.remove('f', sha256(manifest))]);
    for (const tag of (await registry.tags.list('f', undefined, 100)).tags) {
      expect(await registry.manifests.find('f', { tag })).toMatchObject({ digest: sha256(manifest) });
    }
    expect(await check(opened.stores, registry, { content: true })).toMatchObject({ errors: 0, warnings: 0 });
  });
});

describe('an upload that two processes write to', () => {
  it('is acknowledged only whole and right', async () => {
    const [one, two] = [opened.registry, secondRegistry()];
    const other = bytesNamed('other', large.length);
    for (let round = 0; round < 20; round += 1) {
      const family = `f${round}`;
      const id = await one.uploads.start(family);
      await Promise.allSettled([
        one.uploads.append(family, id, undefined, oneChunk(large)),
        two.uploads.append(family, id, undefined, oneChunk(other)),
      ]);
      const outcome = await Promise.allSettled([one.uploads.finish(family, id, sha256(large), undefined, nothing())]);
      if (outcome[0].status === 'rejected') continue;
      const located = await storedBlob(two, family, sha256(large));
      expect(sha256(await two.content.readAll(located))).toBe(sha256(large));
    }
    expect(await errors()).toBe(0);
  });

  it('may go on in the second what began in the first', async () => {
    const id = await opened.registry.uploads.start('f');
    await opened.registry.uploads.append('f', id, { start: 0, length: 200_000 }, oneChunk(large.subarray(0, 200_000)));
    const two = secondRegistry();
    const rest = large.subarray(200_000);
    await two.uploads.append('f', id, { start: 200_000, length: rest.length }, oneChunk(rest));
    await two.uploads.finish('f', id, digestWith('sha512', large), undefined, oneChunk(Buffer.alloc(0)));
    const located = await storedBlob(opened.registry, 'f', digestWith('sha512', large));
    expect(sha256(await opened.registry.content.readAll(located))).toBe(sha256(large));
    expect(await opened.stores.uploads.size(id)).toBe(0);
  });
});

it('keeps every chunk of an upload whose closing request died between the blob and its name', async () => {
  const { keys } = opened.stores;
  let failing = true;
  const dying: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    commit(commit) {
      const names = commit.puts?.some(({ key }) => Buffer.compare(key, blobKey('f', sha256(large))) === 0);
      if (names === true && failing) throw new Error('died here');
      return keys.commit(commit);
    },
  };
  const id = await opened.registry.uploads.start('f');
  await opened.registry.uploads.append('f', id, undefined, oneChunk(large));
  const dies = secondRegistry(dying);
  await expect(dies.uploads.finish('f', id, sha256(large), undefined, nothing())).rejects.toThrow('died here');
  await expect(opened.registry.uploads.finish('f', id, sha256(large), undefined, nothing())).resolves.toBeUndefined();

  const again = await dies.uploads.start('f2');
  failing = false;
  await dies.uploads.append('f2', again, undefined, oneChunk(bytesNamed('third', 200_000)));
  expect(await opened.registry.uploads.size('f2', again)).toBe(200_000);
});

describe('bytes that were lost below the registry', () => {
  it('come back with who pushes them again', async () => {
    const { registry, stores } = opened;
    await registry.uploads.receive('f', sha256(large), oneChunk(large));
    await stores.blobs.delete(sha256(large));
    expect(await errors()).toBe(1);
    await registry.uploads.receive('f', sha256(large), oneChunk(large));
    expect(await errors()).toBe(0);
  });
});

it('keeps below an index what is tagged while untagged manifests are collected', async () => {
  const { registry } = opened;
  await registry.uploads.receive('f', sha256(small), oneChunk(small));
  const leaf = manifestOf([small]);
  const inner = indexOf([leaf]);
  const outer = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: sha256(inner), size: inner.length }],
    }),
  );
  const subject = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: sha256(outer), size: outer.length };
  const signature = manifestOf([small], { subject });
  for (const bytes of [leaf, inner, outer, signature]) {
    await registry.manifests.push('f', { digest: sha256(bytes) }, bytes, undefined);
  }
  // The tag is set when the collector has looked at all tags and is about to remove the first manifest.
  let tagged = false;
  const { keys } = opened.stores;
  const tagging: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    async commit(commit) {
      if (!tagged && commit.deletes?.some((key) => key[0] === 'm'.charCodeAt(0)) === true) {
        tagged = true;
        await registry.manifests.push('f', { tag: 'v1' }, outer, undefined);
      }
      return keys.commit(commit);
    },
  };
  const options = { graceMs: 0, uploadExpiryMs: 3_600_000, now: () => opened.time, untagged: true };
  await collect({ ...opened.stores, keys: tagging }, registry, options);
  expect(tagged).toBe(true);
  for (const bytes of [leaf, inner, outer, signature]) {
    await expect(registry.manifests.find('f', { digest: sha256(bytes) })).resolves.toBeDefined();
  }
});
