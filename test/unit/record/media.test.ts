import { describe, expect, it, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { mediaTypeOf } from '../../../lib/record/media-type.ts';
import type { Commit } from '../../../lib/store/keyed-store.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { expectSound } from '../../support/publishing.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import { interruptedOnce } from '../../support/use-stores.ts';
import {
  pieces,
  pngBytes,
  refused,
  runPlaceOn,
  runPlaceWith,
  sampleRecord,
  storeMedia,
  submission,
  useRunPlace,
} from '../../support/run-place.ts';

const place = useRunPlace();
const HOUR = 3_600_000;

function namingRecord(id: string, bytes: Buffer): object {
  const media = [{ name: 'a.png', digest: sha256(bytes), size: bytes.length, mediaType: 'image/png' }];
  return sampleRecord(id, { media });
}

async function stagedIn(stores: { uploads: { list(): AsyncIterable<unknown> } }): Promise<number> {
  let staged = 0;
  for await (const _one of stores.uploads.list()) staged += 1;
  return staged;
}

describe('media', () => {
  test.each([0, 1, 65_536, 65_537, 300_000])('of %i bytes come back as they were', async (size) => {
    const bytes = Buffer.alloc(size, 'm');
    const digest = await storeMedia(place(), bytes);
    expect(await storeMedia(place(), bytes)).toBe(digest);
    const found = await place().runs.media.find(digest);
    expect(found).toMatchObject({ digest, size, mediaType: 'application/octet-stream' });
    expect(Buffer.from(await place().registry.content.readAll(found.located)).equals(bytes)).toBe(true);
    expect(await stagedIn(place().stores)).toBe(0);
  });

  test('of another digest, too many bytes, or a source that ends in trouble leave nothing', async () => {
    const { media } = place().runs;
    const digest = sha256(Buffer.from('wanted'));
    expect((await refused(media.put(digest, pieces(Buffer.from('other'))))).code).toBe('media-invalid');
    expect((await refused(media.put(digest, pieces(Buffer.alloc(100_000))))).code).toBe('media-invalid');
    expect((await refused(media.put(digest, pieces(Buffer.alloc(4 * 1024 * 1024 + 1))))).code).toBe('media-too-large');
    await expect(media.put(digest, failing())).rejects.toThrow('the line is cut');
    expect((await refused(media.find(digest))).code).toBe('media-unknown');
    expect(await stagedIn(place().stores)).toBe(0);
    await expectSound(place().stores, place().registry);
  });

  test('come many times at once', async () => {
    const bytes = Buffer.alloc(200_000, 'x');
    const digests = await Promise.all(Array.from({ length: 8 }, () => storeMedia(place(), bytes)));
    expect(new Set(digests).size).toBe(1);
    await expectSound(place().stores, place().registry);
  });
});

function isSubmission({ puts = [] }: Commit): boolean {
  return puts.some(({ key }) => key[0] === 'N'.charCodeAt(0));
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(100_000);
  throw new Error('the line is cut');
}

describe('media that no run names', () => {
  it('go in two strikes, and those that a run names stay', async () => {
    const { stores, registry, runs } = place();
    const [named, lonely] = [pngBytes(100), pngBytes(200)];
    await storeMedia(place(), named);
    await storeMedia(place(), lonely);
    await runs.submit(submission(namingRecord('a', named)), SOMEBODY);
    let time = Date.now();
    const gc = (): ReturnType<typeof collect> =>
      collect(stores, registry, { graceMs: HOUR, uploadExpiryMs: HOUR, now: () => time });
    expect(await gc()).toMatchObject({ marked: { media: 1 }, removed: { media: 0, content: 0 } });
    time += HOUR;
    expect(await gc()).toMatchObject({ removed: { media: 1, content: 1 } });
    expect((await refused(runs.media.find(sha256(lonely)))).code).toBe('media-unknown');
    expect((await runs.media.find(sha256(named))).size).toBe(named.length);
    await expectSound(stores, registry);
  });

  it('are saved by who asks for them, who sends them again, and a record that names them', async () => {
    const { stores, registry, runs } = place();
    const all = [pngBytes(100), pngBytes(200), pngBytes(300)] as const;
    for (const bytes of all) await storeMedia(place(), bytes);
    let time = Date.now();
    const gc = (): ReturnType<typeof collect> =>
      collect(stores, registry, { graceMs: HOUR, uploadExpiryMs: HOUR, now: () => time });
    expect((await gc()).marked.media).toBe(3);
    await runs.media.find(sha256(all[0]));
    await storeMedia(place(), all[1]);
    await runs.submit(submission(namingRecord('a', all[2])), SOMEBODY);
    time += HOUR;
    expect((await gc()).removed).toMatchObject({ media: 0, content: 0 });
    await expectSound(stores, registry);
  });

  it('are not lost to a collection in the middle of a submission', async () => {
    const bytes = pngBytes();
    await storeMedia(place(), bytes);
    const { stores, registry } = place();
    const gc = async (): Promise<void> => {
      await collect(stores, registry, { graceMs: 0, uploadExpiryMs: HOUR, now: Date.now });
    };
    const other = await runPlaceWith(place(), interruptedOnce(stores.keys, isSubmission, gc));
    const { faults } = await refused(other.runs.submit(submission(namingRecord('a', bytes)), SOMEBODY));
    expect(faults).toEqual(['record media[0].digest: is not uploaded: media comes before the record that names it']);
    await storeMedia(place(), bytes);
    await other.runs.submit(submission(namingRecord('a', bytes)), SOMEBODY);
    await gc();
    await expectSound(stores, registry);
    expect((await place().runs.media.find(sha256(bytes))).size).toBe(bytes.length);
  });

  it('stay with a run that was corrected, since its history names them', async () => {
    const bytes = pngBytes();
    await storeMedia(place(), bytes);
    const { stores, registry, runs } = place();
    await runs.submit(submission(namingRecord('a', bytes)), SOMEBODY);
    await runs.amend('a', submission(sampleRecord('a'), undefined, { reason: 'not mine' }), SOMEBODY);
    await collect(stores, registry, { graceMs: 0, uploadExpiryMs: HOUR, now: Date.now });
    expect((await runs.media.find(sha256(bytes))).size).toBe(bytes.length);
    await expectSound(stores, registry);
  });
});

it('is told again after a restart', async () => {
  const digest = await storeMedia(place(), pngBytes());
  const { runs } = await runPlaceOn(await place().open.reopen());
  expect((await runs.media.find(digest)).mediaType).toBe('image/png');
});

it('is busy, and not lost, where bytes are gone that were just staged', async () => {
  const { stores, registry } = place();
  const uploads = {
    ...bound(stores.uploads),
    publish: () => Promise.reject(new StoreError('missing', 'gone')),
  };
  const other = await runPlaceOn({ ...stores, uploads });
  await expect(storeMedia(other, Buffer.alloc(100_000))).rejects.toMatchObject({ code: 'busy' });
  await expectSound(stores, registry);
});

function bound<T extends object>(store: T): T {
  return new Proxy({} as T, {
    ownKeys: () => ['size', 'append', 'read', 'publish', 'discard', 'list'],
    getOwnPropertyDescriptor: (_, name) => ({
      enumerable: true,
      configurable: true,
      value: (store[name as keyof T] as (...args: unknown[]) => unknown).bind(store),
    }),
    get: (_, name) => (store[name as keyof T] as (...args: unknown[]) => unknown).bind(store),
  });
}

describe('the type of bytes', () => {
  test.each([
    ['image/png', '\x89PNG\r\n\x1a\n....'],
    ['image/jpeg', '\xff\xd8\xff\xe0'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 '],
    ['image/avif', '\0\0\0\x20ftypavif'],
    ['application/octet-stream', ''],
    ['application/octet-stream', '<svg xmlns="http://www.w3.org/2000/svg">'],
    ['application/octet-stream', '<!doctype html>'],
    ['application/octet-stream', 'GIF87'],
    ['application/octet-stream', ' \x89PNG\r\n\x1a\n'],
  ])('is %s', (type, head) => {
    expect(mediaTypeOf(Buffer.from(head, 'latin1'))).toBe(type);
  });
});
