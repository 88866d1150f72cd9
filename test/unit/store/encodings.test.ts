import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { gather } from '../../../lib/encoding/gather.ts';
import { ContentStore, type Added, type Kept } from '../../../lib/store/content-store.ts';
import { contentKey, inlineKey } from '../../../lib/store/keys.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const text = Buffer.alloc(200_000, 'the same line again and again\n');
const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 2_654_435_761) >>> 13));

function store(): ContentStore {
  return new ContentStore(stores().keys, stores().blobs, Date.now);
}

async function commit(kept: Kept): Promise<boolean> {
  return stores().keys.commit({ checks: kept.checks, puts: kept.puts });
}

function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  return gather(source, 10_000_000);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function addZlib(bytes: Buffer, added: Added = {}): Promise<Kept> {
  const kept = await store().add(sha256(bytes), deflateSync(bytes), {
    encoding: 'zlib',
    size: bytes.length,
    ...added,
  });
  expect(await commit(kept)).toBe(true);
  return kept;
}

describe('deflated content', () => {
  test('is named by its bare bytes, and lies where its stored bytes fit', async () => {
    const small = await addZlib(text);
    expect(small.located).toEqual({ content: sha256(text), size: text.length, place: 'inline', encoding: 'zlib' });
    const large = await addZlib(noise);
    expect(large.located).toEqual({ content: sha256(noise), size: noise.length, place: 'blob', encoding: 'zlib' });
  });

  test.each([
    ['small', text.subarray(0, 1000)],
    ['inline', text],
    ['in a file', noise],
    ['empty', Buffer.alloc(0)],
  ])('reads back bare, whole and in ranges, and as it is stored: %s', async (_, bytes) => {
    const { located } = await addZlib(bytes);
    expect(bytes.equals(await store().readAll(located))).toBe(true);
    expect(bytes.equals((await bytesOf(store().read(located))) ?? Buffer.alloc(1))).toBe(true);
    const stored = await store().readStored(located);
    const whole = stored instanceof Uint8Array ? stored : await bytesOf(stored);
    expect(deflateSync(bytes).equals(whole ?? Buffer.alloc(0))).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) };
        const part = await bytesOf(store().read(located, range));
        expect(bytes.subarray(range.start, range.end).equals(part ?? Buffer.alloc(1))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('stays as it is when it comes raw, and raw content when it comes deflated', async () => {
    await addZlib(text);
    expect((await store().add(sha256(text), text)).located.encoding).toBe('zlib');
    await commit(await store().add(sha256(noise), noise));
    expect((await addZlib(noise)).located).toEqual({ content: sha256(noise), size: noise.length, place: 'blob' });
  });

  test('that comes while others write it raw is written raw as well, and the other way round', async () => {
    const raw = store().adder(sha256(noise), noise.length, () => stores().blobs.write(sha256(noise), once(noise)));
    const first = await raw();
    const second = await store().add(sha256(noise), deflateSync(noise), { encoding: 'zlib', size: noise.length });
    expect(second.located.encoding).toBeUndefined();
    expect(await commit(second)).toBe(true);
    expect(await commit(first)).toBe(false);
    expect(noise.equals(await store().readAll((await raw()).located))).toBe(true);

    const more = Buffer.concat([noise, text]);
    const digest = sha256(more);
    const deflated = await store().add(digest, deflateSync(more), { encoding: 'zlib', size: more.length });
    const late = store().adder(digest, more.length, (encoding) =>
      store().write(digest, once(more), more.length, undefined, encoding),
    );
    expect(await commit(await late())).toBe(true);
    expect(deflated.located.encoding).toBe('zlib');
    expect(more.equals(await store().readAll((await late()).located))).toBe(true);
  });

  test('that is small enough for a key waits for no file that is being written', async () => {
    await store().adder(sha256(text), text.length, () => stores().blobs.write(sha256(text), once(text)))();
    const kept = await addZlib(text);
    expect(kept.located).toEqual({ content: sha256(text), size: text.length, place: 'blob' });
    expect(text.equals(await store().readAll(kept.located))).toBe(true);
  });

  test('that is damaged is told from content that is missing', async () => {
    const { located } = await addZlib(text);
    await stores().keys.commit({ puts: [{ key: inlineKey(sha256(text)), value: Buffer.from('no zlib stream') }] });
    await expect(bytesOf(store().read(located))).rejects.toMatchObject({ code: 'damaged' });
    await stores().keys.commit({ puts: [{ key: inlineKey(sha256(text)), value: deflateSync(Buffer.alloc(9)) }] });
    await expect(bytesOf(store().read(located))).rejects.toMatchObject({ code: 'damaged' });
    await stores().keys.commit({ deletes: [inlineKey(sha256(text))] });
    await expect(bytesOf(store().read(located))).rejects.toMatchObject({ code: 'missing' });
  });

  test('keeps the Git object ids by which it is known', async () => {
    const [one, two] = ['1'.repeat(40), '2'.repeat(40)];
    await addZlib(text, { oid: two });
    expect((await addZlib(text, { oid: two })).puts).toEqual([]);
    await addZlib(text, { oid: one });
    const record = await stores().keys.get(contentKey(sha256(text)));
    expect(JSON.parse(Buffer.from(record ?? []).toString())).toMatchObject({ oids: [one, two], encoding: 'zlib' });
  });
});
