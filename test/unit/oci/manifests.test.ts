import { describe, expect, test } from 'vitest';
import { sha256, type Digest } from '../../../lib/encoding/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../../lib/oci/manifest.ts';
import type { Registry } from '../../../lib/oci/registry.ts';
import { MAX_INLINE_BYTES } from '../../../lib/store/content-store.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { entriesOf } from '../../../lib/store/keyed-store.ts';
import { tagsByManifestOf, tagsOf } from '../../../lib/store/key-ranges.ts';
import { inPieces, isSame } from '../../contract/byte-sources.ts';
import { MEDIA } from '../../support/oci-content.ts';
import { registryOn, useStores } from '../../support/use-stores.ts';

const EMPTY = Buffer.from('{}');
const config = { mediaType: MEDIA.config, digest: sha256(EMPTY), size: 2 };

function image(fields: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [], ...fields }));
}

describe('a manifest', () => {
  const stores = useStores();

  async function registryWithConfig(keys?: KeyedStore): Promise<Registry> {
    const registry = registryOn(keys === undefined ? stores() : { ...stores(), keys });
    await registry.uploads.receive('a', config.digest, inPieces(EMPTY));
    return registry;
  }

  test('is found by every name that it was given, to the byte', async () => {
    const registry = await registryWithConfig();
    const bytes = image({ annotations: { spaces: '  ' } });
    const pushed = await registry.manifests.push('a', { tag: 'v1' }, bytes, undefined, ['v2', 'v1']);
    expect(pushed).toEqual({ digest: sha256(bytes), tags: ['v1', 'v2'] });
    for (const reference of [{ tag: 'v1' }, { tag: 'v2' }, { digest: sha256(bytes) }]) {
      const { located } = await registry.manifests.find('a', reference);
      expect(isSame(await registry.content.readAll(located), bytes)).toBe(true);
    }
  });

  test('that names what is not there is refused with all of it, and leaves nothing', async () => {
    const registry = await registryWithConfig();
    const missing = { ...config, digest: sha256(Buffer.from('missing')) };
    const bytes = image({ layers: [config, missing, missing] });
    await expect(registry.manifests.push('a', { tag: 'v1' }, bytes, undefined)).rejects.toMatchObject({
      code: 'manifest-blob-unknown',
      detail: [
        { digest: missing.digest, kind: 'blob', path: 'layers[1]' },
        { digest: missing.digest, kind: 'blob', path: 'layers[2]' },
      ],
    });
    await expect(registry.manifests.find('a', { tag: 'v1' })).rejects.toMatchObject({ code: 'manifest-unknown' });
  });

  test('that names thousands of things lets others have their turn while they are looked for', async () => {
    const registry = await registryWithConfig();
    const layers = Array.from({ length: 15_000 }, (_, at) => ({ ...config, digest: sha256(Buffer.from(String(at))) }));
    let turns = 0;
    let next: NodeJS.Immediate = setImmediate(turn);
    function turn(): void {
      turns += 1;
      next = setImmediate(turn);
    }
    const push = registry.manifests.push('a', { tag: 'v1' }, image({ layers }), undefined);
    await expect(push).rejects.toMatchObject({ code: 'manifest-blob-unknown' });
    clearImmediate(next);
    // Reading its JSON is one turn; looking for what it names takes many times 5 ms.
    expect(turns).toBeGreaterThan(4);
  });

  test('takes every tag with it when it is removed', async () => {
    const registry = await registryWithConfig();
    const tags = Array.from({ length: 450 }, (_, at) => `t${String(at).padStart(4, '0')}`);
    const digest = await pushTagged(registry, image(), tags);
    await registry.manifests.remove('a', digest);
    expect((await registry.tags.list('a', undefined, 10)).tags).toEqual([]);
    expect(await stores().keys.list({ ...tagsByManifestOf('a'), limit: 1 })).toEqual([]);
  });

  test('takes more than a thousand tags with it when it is removed', async () => {
    const registry = await registryWithConfig();
    const tags = Array.from({ length: 1200 }, (_, at) => `t${String(at).padStart(4, '0')}`);
    const digest = await pushTagged(registry, image(), tags);
    await registry.manifests.remove('a', digest);
    expect((await registry.tags.list('a', undefined, 10)).tags).toEqual([]);
    expect(await stores().keys.list({ ...tagsByManifestOf('a'), limit: 1 })).toEqual([]);
  });

  test('with an immutable tag cannot be removed, and keeps every name', async () => {
    const registry = await registryWithConfig();
    await registry.families.declare('a', { immutable: ['v*'] });
    const digest = await pushTagged(registry, image(), ['a1', 'v1']);
    await expect(registry.manifests.remove('a', digest)).rejects.toMatchObject({ code: 'tag-immutable' });
    expect((await registry.tags.list('a', undefined, 10)).tags).toEqual(['a1', 'v1']);
  });

  test('with an immutable tag behind very many others cannot be removed either', async () => {
    const registry = await registryWithConfig();
    await registry.families.declare('a', { immutable: ['v*'] });
    const tags = Array.from({ length: 510 }, (_, at) => `a${String(at).padStart(4, '0')}`);
    const digest = await pushTagged(registry, image(), [...tags, 'v1']);
    await expect(registry.manifests.remove('a', digest)).rejects.toMatchObject({ code: 'tag-immutable' });
    expect(await registry.tags.find('a', 'v1')).toBe(digest);
  });

  test('whose immutable tag is to move is refused with both digests, and nothing moves', async () => {
    const registry = await registryWithConfig();
    await registry.families.declare('a', { immutable: ['v*'] });
    const digest = await pushTagged(registry, image(), ['v1', 'latest']);
    const next = image({ annotations: { next: 'one' } });
    const push = registry.manifests.push('a', { tag: 'latest' }, next, undefined, ['v1']);
    await expect(push).rejects.toMatchObject({
      code: 'tag-immutable',
      detail: { tag: 'v1', digest, refused: sha256(next) },
    });
    expect(await registry.tags.find('a', 'latest')).toBe(digest);
    await registry.manifests.push('a', { tag: 'v1' }, image(), undefined);
    await expect(registry.tags.remove('a', 'v1')).rejects.toMatchObject({ code: 'tag-immutable' });
    await registry.families.declare('a', {});
    await registry.tags.remove('a', 'v1');
  });

  test('moves a tag for exactly those who are told so, however many push at once', async () => {
    const registry = await registryWithConfig();
    const images = Array.from({ length: 12 }, (_, at) => image({ annotations: { at: String(at) } }));
    await Promise.all(images.map((bytes) => registry.manifests.push('a', { tag: 'latest' }, bytes, undefined)));
    const digest = await registry.tags.find('a', 'latest');
    expect(images.map((bytes) => sha256(bytes))).toContain(digest);
    // The list by manifest has the tag once: under the one that it names.
    expect(await stores().keys.list({ ...tagsByManifestOf('a'), limit: 10 })).toHaveLength(1);
  });

  test('leaves no tag without a manifest where pushes and removals meet', async () => {
    const registry = await registryWithConfig();
    const bytes = image();
    const digest = sha256(bytes);
    for (let round = 0; round < 15; round += 1) {
      await Promise.allSettled([
        registry.manifests.push('a', { tag: 'x' }, bytes, undefined),
        registry.manifests.remove('a', digest),
        registry.manifests.push('a', { tag: 'y' }, bytes, undefined),
        registry.manifests.remove('a', digest),
      ]);
      const there = await registry.manifests.find('a', { digest }).then(
        () => true,
        () => false,
      );
      const tags: string[] = [];
      for await (const { value } of entriesOf(stores().keys, tagsOf('a'))) tags.push(Buffer.from(value).toString());
      expect(tags.every((named) => there && named === digest)).toBe(true);
    }
  });

  test('of the largest size is kept to the byte', async () => {
    const registry = await registryWithConfig();
    const filling = 'x'.repeat(MAX_MANIFEST_BYTES - image({ filling: '' }).length);
    const bytes = image({ filling });
    expect(bytes).toHaveLength(MAX_MANIFEST_BYTES);
    await registry.manifests.push('a', { tag: 'large' }, bytes, undefined);
    const { located } = await registry.manifests.find('a', { tag: 'large' });
    expect(isSame(await registry.content.readAll(located), bytes)).toBe(true);
  });

  test.each([
    ['annotations', { annotations: { long: 'x'.repeat(1024 * 1024) } }],
    ['artifactType', { artifactType: `a/${'x'.repeat(1024 * 1024)}` }],
  ])('that refers to a subject puts no value among the keys that is too large for them: %s', async (_, fields) => {
    const largest = { value: 0 };
    const { keys } = stores();
    const watched: KeyedStore = {
      get: (key) => keys.get(key),
      list: (range) => keys.list(range),
      close: () => keys.close(),
      commit(commit) {
        for (const { value } of commit.puts ?? []) largest.value = Math.max(largest.value, value.length);
        return keys.commit(commit);
      },
    };
    const registry = await registryWithConfig(watched);
    await registry.manifests.push('a', { tag: 'v1' }, image({ ...fields, subject: config }), undefined).catch(() => {});
    expect(largest.value).toBeLessThanOrEqual(MAX_INLINE_BYTES + 1024);
  });
});

/** Pushes under many tags, as many as the specification's clients send in one request at a time. */
async function pushTagged({ manifests }: Registry, bytes: Buffer, tags: readonly string[]): Promise<Digest> {
  const digest = sha256(bytes);
  for (let at = 0; at < tags.length; at += 400) {
    await manifests.push('a', { digest }, bytes, undefined, tags.slice(at, at + 400));
  }
  return digest;
}
