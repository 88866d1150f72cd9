import { describe, expect, test } from 'vitest';
import type { AuditEntry, AuditFilter } from '../../../lib/audit/audit-entry.ts';
import { Audit } from '../../../lib/audit/audit.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import type { Commit } from '../../../lib/store/keyed-store.ts';
import { inPieces } from '../../contract/byte-sources.ts';
import { MEDIA } from '../../support/oci-content.ts';
import { interruptedOnce, registryOn, useStores } from '../../support/use-stores.ts';

const ADA = { address: '192.0.2.7', name: 'ada' };
const BO = { address: '192.0.2.8' };
const stores = useStores();

async function pagesOf(audit: Audit, filter: AuditFilter, limit: number): Promise<(readonly AuditEntry[])[]> {
  const pages: (readonly AuditEntry[])[] = [];
  for (let last: string | undefined; pages.length < 1000;) {
    const { entries, next } = await audit.page(filter, last, limit);
    pages.push(entries);
    if (next === undefined) return pages;
    last = next;
  }
  throw new Error('the pages do not end');
}

function subjects(pages: readonly (readonly AuditEntry[])[]): (string | undefined)[] {
  return pages.flat().map(({ subject }) => subject);
}

/** So many entries, each a millisecond after the one before or, with `still`, at the same time. */
async function filled(count: number, still = false): Promise<Audit> {
  let time = 1_000_000;
  const audit = new Audit(stores().keys, () => time);
  for (let at = 0; at < count; at += 500) {
    const puts = Array.from({ length: Math.min(500, count - at) }, (_, index) => {
      if (!still) time += 1;
      const by = (at + index) % 1000 === 7 ? ADA : BO;
      return audit.entry({ action: 'pinned', by, family: `f/${index % 2}`, subject: String(at + index) });
    });
    await stores().keys.commit({ puts });
  }
  return audit;
}

describe('the audit', () => {
  test.each([false, true])(
    'has its entries in order, the newest first, in pages of any size (at one time: %s)',
    async (still) => {
      const audit = await filled(100, still);
      const all = Array.from({ length: 100 }, (_, at) => String(99 - at));
      for (const limit of [1, 7, 99, 100, 101]) {
        const pages = await pagesOf(audit, {}, limit);
        expect(subjects(pages)).toEqual(all);
        expect(pages.every((page) => page.length <= limit)).toBe(true);
      }
    },
  );

  test('keeps a page short where little is found, and says that it goes on', async () => {
    const audit = await filled(12_000);
    const first = await audit.page({ actor: 'ada' }, undefined, 100);
    expect(first.entries.length).toBe(5);
    expect(first.next).toBeDefined();
    expect(subjects(await pagesOf(audit, { actor: 'ada' }, 100))).toEqual(
      Array.from({ length: 12 }, (_, at) => String(11_007 - at * 1000)),
    );
    expect(await pagesOf(audit, { actor: 'nobody' }, 100)).toEqual([[], [], []]);
  });

  test('knows families below a folder, and both names of an actor', async () => {
    const audit = await filled(10);
    expect(subjects(await pagesOf(audit, { family: 'f/1' }, 100))).toEqual(['9', '7', '5', '3', '1']);
    expect(subjects(await pagesOf(audit, { family: 'f/' }, 100)).length).toBe(10);
    expect(subjects(await pagesOf(audit, { family: 'f' }, 100))).toEqual([]);
    expect(subjects(await pagesOf(audit, { actor: '192.0.2.7' }, 100))).toEqual(['7']);
    expect(subjects(await pagesOf(audit, { since: 1_000_009 }, 100))).toEqual(['9', '8']);
  });

  test('forgets what is older than a time, and nothing else', async () => {
    const audit = await filled(1200);
    await stores().keys.commit({
      puts: [
        { key: Buffer.from('I'), value: Buffer.of(1) },
        { key: Buffer.from('K'), value: Buffer.of(1) },
      ],
    });
    expect(await audit.forgetBefore(1_001_151, () => undefined)).toBe(1150);
    expect((await pagesOf(audit, {}, 100)).flat().length).toBe(50);
    expect(await stores().keys.get(Buffer.from('I'))).toBeDefined();
    expect(await stores().keys.get(Buffer.from('K'))).toBeDefined();
  });
});

function putsManifest({ puts = [] }: Commit): boolean {
  return puts.some(({ key }) => key[0] === 'm'.charCodeAt(0));
}

describe('a change', () => {
  const EMPTY = Buffer.from('{}');
  const config = { mediaType: MEDIA.config, digest: sha256(EMPTY), size: 2 };
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [] }));

  test('that is made at the second try is told of once, and one that fails is not', async () => {
    const plain = registryOn(stores());
    await plain.uploads.receive('a', config.digest, inPieces(EMPTY));
    let raced = false;
    const keys = interruptedOnce(stores().keys, putsManifest, async () => {
      raced = true;
      await plain.families.declare('a', {});
      await plain.manifests.push('a', { tag: 'other' }, manifest, undefined);
    });
    const { manifests } = registryOn({ ...stores(), keys });
    await manifests.push('a', { tag: 'one' }, manifest, undefined, [], ADA);
    expect(raced).toBe(true);
    await expect(manifests.push('a', { tag: 'two' }, Buffer.from('{}'), undefined, [], ADA)).rejects.toThrow(
      /manifest/,
    );
    // The same once more changes nothing.
    await manifests.push('a', { tag: 'one' }, manifest, undefined, [], ADA);
    await expect(plain.tags.remove('a', 'none', ADA)).rejects.toThrow(/no tag none/);
    await plain.tags.remove('a', 'one', ADA);
    const { entries } = await plain.audit.page({}, undefined, 100);
    expect(entries.map(({ action, by, subject }) => [action, by, subject])).toEqual([
      ['tag-deleted', ADA, 'one'],
      ['manifest-pushed', ADA, sha256(manifest)],
    ]);
  });
});
