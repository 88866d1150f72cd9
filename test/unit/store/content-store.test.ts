import { describe, expect, test } from 'vitest';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { ContentStore, MAX_INLINE_BYTES, type ContentRecord, type Kept } from '../../../lib/store/content-store.ts';
import { decodeJson, encodeJson } from '../../../lib/store/json-value.ts';
import { contentKey, inlineKey } from '../../../lib/store/keys.ts';
import { gathered, inPieces, isSame, sampleBlob } from '../../contract/byte-sources.ts';
import { useStores } from '../../support/use-stores.ts';

const NOW = 1_000_000;
const HOUR = 60 * 60 * 1000;

describe('content', () => {
  const stores = useStores();
  const store = (): ContentStore => new ContentStore(stores().keys, stores().blobs, () => NOW);

  /** What a namer does: its commit holds what keeping gave it. */
  const name = ({ checks, puts }: Kept): Promise<boolean> => stores().keys.commit({ checks, puts });

  async function recordOf(content: Sha256): Promise<ContentRecord | undefined> {
    const value = await stores().keys.get(contentKey(content));
    return value === undefined ? undefined : decodeJson<ContentRecord>(value);
  }

  async function setRecord(content: Sha256, record: ContentRecord | undefined): Promise<void> {
    const key = contentKey(content);
    const change = record === undefined ? { deletes: [key] } : { puts: [{ key, value: encodeJson(record) }] };
    await stores().keys.commit(change);
  }

  /** Keeps a blob through an adder, and tells how often its bytes were written. */
  function adding(content: Sha256, bytes: Uint8Array): { keep: () => Promise<Kept>; writes: () => number } {
    let writes = 0;
    const keep = store().adder(content, bytes.length, async () => {
      writes += 1;
      await stores().blobs.write(content, inPieces(bytes));
    });
    return { keep, writes: () => writes };
  }

  describe('of up to 64 KiB', () => {
    test.each([0, 1, 1000, MAX_INLINE_BYTES])(
      'lies among the keys once its namer has committed: %i bytes',
      async (size) => {
        const { bytes, digest } = sampleBlob(size);
        const kept = await store().add(digest, bytes);
        expect(await store().keep(digest)).toBeUndefined();
        expect(await name(kept)).toBe(true);
        expect(kept.located).toEqual({ content: digest, size, place: 'inline' });
        expect(await recordOf(digest)).toEqual({ size, place: 'inline' });
        expect(isSame(await store().inlineBytes(digest), bytes)).toBe(true);
        expect(isSame(await store().readAll(kept.located), bytes)).toBe(true);
        expect(isSame(await gathered(store().read(kept.located)), bytes)).toBe(true);
        expect(await stores().blobs.stat(digest)).toBeUndefined();
      },
    );

    test('is read in ranges', async () => {
      const { bytes, digest } = sampleBlob(1000);
      const kept = await store().add(digest, bytes);
      await name(kept);
      expect(isSame(await gathered(store().read(kept.located, { start: 10, end: 25 })), bytes.subarray(10, 25))).toBe(
        true,
      );
    });

    test('is added by one of two at once; the other keeps what is there', async () => {
      const { bytes, digest } = sampleBlob(1000);
      const [first, second] = await Promise.all([store().add(digest, bytes), store().add(digest, bytes)]);
      expect(await Promise.all([name(first), name(second)])).toEqual([true, false]);
      const again = await store().add(digest, bytes);
      expect(again.puts).toEqual([]);
      expect(await name(again)).toBe(true);
    });

    test('is missing where its bytes are not there', async () => {
      const { digest } = sampleBlob(10);
      await expect(store().inlineBytes(digest)).rejects.toMatchObject({ code: 'missing' });
      const located = { content: digest, size: 10, place: 'inline' } as const;
      await expect(gathered(store().read(located))).rejects.toMatchObject({ code: 'missing' });
    });

    test('is remembered in no more memory than it has bytes', async () => {
      const { bytes, digest } = sampleBlob(300);
      await name(await store().add(digest, bytes));
      const content = store();
      await content.inlineBytes(digest);
      expect((await content.inlineBytes(digest)).buffer.byteLength).toBeLessThan(2 * bytes.length);
    });

    test('is answered from memory by the store that has read it, but read anew by who checks', async () => {
      const { bytes, digest } = sampleBlob(500);
      const kept = await store().add(digest, bytes);
      await name(kept);
      const content = store();
      await content.inlineBytes(digest);
      await stores().keys.commit({ deletes: [inlineKey(digest)] });
      expect(isSame(await content.inlineBytes(digest), bytes)).toBe(true);
      await expect(gathered(content.read(kept.located))).rejects.toMatchObject({ code: 'missing' });
    });
  });

  describe('of more than 64 KiB', () => {
    test('is noted as arriving before its bytes come, and is there once its namer has committed', async () => {
      const { bytes, digest } = sampleBlob(MAX_INLINE_BYTES + 1);
      const seen: (ContentRecord | undefined)[] = [];
      const keep = store().adder(digest, bytes.length, async () => {
        seen.push(await recordOf(digest));
        await stores().blobs.write(digest, inPieces(bytes));
      });
      const kept = await keep();
      expect(seen).toMatchObject([{ size: bytes.length, place: 'blob', state: 'arriving', since: NOW }]);
      expect(await store().keep(digest)).toBeUndefined();
      expect(await name(kept)).toBe(true);
      expect(await recordOf(digest)).toEqual({ size: bytes.length, place: 'blob' });
      expect(isSame(await store().readAll(kept.located), bytes)).toBe(true);
    });

    test('goes there from bytes at hand, too', async () => {
      const { bytes, digest } = sampleBlob(MAX_INLINE_BYTES + 1);
      expect(await name(await store().add(digest, bytes))).toBe(true);
      expect(await stores().blobs.stat(digest)).toEqual({ size: bytes.length });
      expect(await stores().keys.get(inlineKey(digest))).toBeUndefined();
    });

    test('is written once however often its namer tries', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      const { keep, writes } = adding(digest, bytes);
      for (let tries = 0; tries < 4; tries += 1) await keep();
      expect(writes()).toBe(1);
      expect(await name(await keep())).toBe(true);
      await keep();
      expect(writes()).toBe(1);
    });

    test('is not written where it is there already', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      await name(await adding(digest, bytes).keep());
      const { keep, writes } = adding(digest, bytes);
      expect(await name(await keep())).toBe(true);
      expect(writes()).toBe(0);
    });

    test('is written by everybody who finds it arriving, of whom all may name it', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      const adders = [adding(digest, bytes), adding(digest, bytes), adding(digest, bytes)];
      for (const { keep, writes } of adders) {
        await keep();
        expect(writes()).toBe(1);
      }
      for (const { keep } of adders) expect(await name(await keep())).toBe(true);
      expect(isSame(await gathered(stores().blobs.read(digest)), bytes)).toBe(true);
    });

    test('is written anew when the collector took it between two tries', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      const { keep, writes } = adding(digest, bytes);
      const first = await keep();
      await setRecord(digest, undefined);
      await stores().blobs.delete(digest);
      expect(await name(first)).toBe(false);
      expect(await name(await keep())).toBe(true);
      expect(writes()).toBe(2);
      expect(isSame(await gathered(stores().blobs.read(digest)), bytes)).toBe(true);
    });

    test('leaves its note behind when the bytes cannot be written, and the next one goes on', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      const failure = new Error('no room');
      await expect(store().adder(digest, bytes.length, () => Promise.reject(failure))()).rejects.toBe(failure);
      expect(await recordOf(digest)).toMatchObject({ state: 'arriving' });
      expect(await store().keep(digest)).toBeUndefined();
      expect(await name(await adding(digest, bytes).keep())).toBe(true);
    });
  });

  describe('that is condemned', () => {
    const { bytes, digest } = sampleBlob(1000, 'condemned');

    test.each(['keep', 'add'] as const)('is rescued by who names it (%s), so that its removal fails', async (way) => {
      await name(await store().add(digest, bytes));
      await setRecord(digest, { size: bytes.length, place: 'inline', state: 'condemned', since: NOW });
      const marked = await stores().keys.get(contentKey(digest));
      const kept = way === 'keep' ? await store().keep(digest) : await store().add(digest, bytes);
      expect(kept !== undefined && (await name(kept))).toBe(true);
      expect(await recordOf(digest)).toEqual({ size: bytes.length, place: 'inline' });
      const removal = { checks: [{ key: contentKey(digest), value: marked }], deletes: [contentKey(digest)] };
      expect(await stores().keys.commit(removal)).toBe(false);
    });

    test('cannot be named by who looked before the mark', async () => {
      await name(await store().add(digest, bytes));
      const kept = await store().keep(digest);
      await setRecord(digest, { size: bytes.length, place: 'inline', state: 'condemned', since: NOW });
      expect(kept !== undefined && (await name(kept))).toBe(false);
    });

    test('cannot be named by who looked before it was removed', async () => {
      await name(await store().add(digest, bytes));
      const kept = await store().add(digest, bytes);
      await setRecord(digest, undefined);
      expect(await name(kept)).toBe(false);
    });
  });

  describe('that is being deleted', () => {
    test('is waited for, and then written anew', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      await setRecord(digest, { size: bytes.length, place: 'blob', state: 'deleting', since: NOW });
      const { keep, writes } = adding(digest, bytes);
      const adding1 = keep();
      const looking = store().keep(digest);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(writes()).toBe(0);
      await setRecord(digest, undefined);
      expect(await looking).toBeUndefined();
      expect(await name(await adding1)).toBe(true);
      expect(isSame(await gathered(stores().blobs.read(digest)), bytes)).toBe(true);
    });

    test('by a collector that died long ago can be pushed again', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      await setRecord(digest, { size: bytes.length, place: 'blob', state: 'deleting', since: NOW - HOUR });
      expect(await name(await adding(digest, bytes).keep())).toBe(true);
    }, 20_000);
  });

  test('of every size is under the digest that it was given, and no other', async () => {
    for (const size of [10, 70_000]) {
      const { bytes } = sampleBlob(size);
      await name(await store().add(sha256(bytes), bytes));
      expect(await store().keep(sampleBlob(size, 'other').digest)).toBeUndefined();
    }
  });
});
