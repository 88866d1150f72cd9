import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import type { Registry } from '../../../lib/oci/registry.ts';
import { inPieces } from '../../contract/byte-sources.ts';
import { MEDIA } from '../../support/oci-content.ts';
import { registryOn, useStores } from '../../support/use-stores.ts';

const EMPTY = Buffer.from('{}');
const CONFIG = { mediaType: MEDIA.config, digest: sha256(EMPTY), size: 2 };
const TAGS = ['0', 'V1', '_', 'a', 'a-b', 'a.b', 'v1', 'v1.0', 'v10', 'v2'];
const FAMILIES = ['a', 'a-b', 'a.b', 'a/b', 'a0', 'b'];

describe('a list', () => {
  const stores = useStores();

  async function filled(): Promise<Registry> {
    const registry = registryOn(stores());
    for (const family of FAMILIES) await registry.uploads.receive(family, CONFIG.digest, inPieces(EMPTY));
    const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config: CONFIG, layers: [] };
    const bytes = Buffer.from(JSON.stringify(manifest));
    await registry.manifests.push('a', { digest: sha256(bytes) }, bytes, undefined, TAGS);
    for (let at = 0; at < 7; at += 1) {
      const artifactType = at % 2 === 0 ? 'x/even' : 'x/odd';
      const referrer = Buffer.from(
        JSON.stringify({ ...manifest, artifactType, subject: CONFIG, annotations: { at: `${at}` } }),
      );
      await registry.manifests.push('a', { digest: sha256(referrer) }, referrer, undefined);
    }
    return registry;
  }

  async function expectBehind(last: string): Promise<void> {
    const { families, tags } = await filled();
    expect(await families.list(last, 100)).toEqual(['b']);
    expect((await tags.list('a', last, 100)).tags).toEqual(['v1', 'v1.0', 'v10', 'v2']);
  }

  test('of tags is in the order of their bytes, in pages of any size, behind any name', async () => {
    const { tags } = await filled();
    for (const limit of [1, 3, 10, 11]) {
      const found: string[] = [];
      for (let more = true; more;) {
        const page = await tags.list('a', found.at(-1), limit);
        expect(page.tags.length).toBeLessThanOrEqual(limit);
        found.push(...page.tags);
        ({ more } = page);
      }
      expect(found).toEqual(TAGS);
    }
    expect(await tags.list('a', 'a.c', 2)).toEqual({ tags: ['v1', 'v1.0'], more: true });
    expect(await tags.list('a', 'zzz', 2)).toEqual({ tags: [], more: false });
    expect(await tags.list('a', undefined, 0)).toEqual({ tags: [], more: false });
    expect(await tags.list('b', undefined, 5)).toEqual({ tags: [], more: false });
  });

  test('of the tags of a repository that is not there is refused', async () => {
    const { tags } = await filled();
    await expect(tags.list('c', undefined, 5)).rejects.toMatchObject({ code: 'name-unknown' });
  });

  test('of repositories is in the order of their bytes, behind any name', async () => {
    const { families } = await filled();
    expect(await families.list(undefined, 100)).toEqual(FAMILIES);
    for (const [at, family] of FAMILIES.entries())
      expect(await families.list(family, 100)).toEqual(FAMILIES.slice(at + 1));
  });

  test('goes on behind a name that is too long to be one', async () => {
    await expectBehind('a'.repeat(1900));
  });

  test('goes on behind a name that is too long for a key', async () => {
    await expectBehind('a'.repeat(5000));
  });

  test('of referrers is the same in pages of any size, filtered or not', async () => {
    const { referrers } = await filled();
    const subject = CONFIG.digest;
    const whole = (await referrers.list('a', subject, { limit: 100 })).descriptors.map(({ digest }) => digest);
    expect(whole).toHaveLength(7);
    expect(whole).toEqual(whole.toSorted());
    for (const [artifactType, count] of [
      [undefined, 7],
      ['x/even', 4],
      ['x/odd', 3],
      ['x/none', 0],
    ] as const) {
      for (const limit of [1, 2, 3, 7, 8]) {
        const found: string[] = [];
        let last: Awaited<ReturnType<typeof referrers.list>>['next'];
        do {
          const filter = {
            ...(artifactType === undefined ? {} : { artifactType }),
            ...(last === undefined ? {} : { last }),
          };
          const page = await referrers.list('a', subject, { limit, ...filter });
          expect(page.descriptors.length).toBeLessThanOrEqual(limit);
          found.push(...page.descriptors.map(({ digest }) => digest));
          last = page.next;
        } while (last !== undefined);
        expect(found).toHaveLength(count);
        expect(whole).toEqual(expect.arrayContaining(found));
        expect(new Set(found).size).toBe(count);
      }
    }
    expect((await referrers.list('b', subject, { limit: 5 })).descriptors).toEqual([]);
  });
});
