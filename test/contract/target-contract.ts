import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import { encodePointer, parsePointer } from '../../lib/publication/pointer.ts';
import { ANEW, type NewObject, type Target, type TargetItem } from '../../lib/publication/target.ts';
import { SnapshotError } from '../../lib/snapshot/snapshot-error.ts';
import { StoreError } from '../../lib/store/store-error.ts';

const HOUR = 3_600_000;
const ROOT = sha256(Buffer.from('root'));

export interface TargetHarness {
  readonly name: string;
  /** A fresh, empty target. */
  readonly open: () => Promise<Target>;
  /** Whether one of those who swap at once always wins. Never do two. */
  readonly oneAlwaysWins: boolean;
}

/** What every place that snapshots are published to promises. */
export function describeTarget({ name, open, oneAlwaysWins }: TargetHarness): void {
  describe(`a ${name} as a target`, () => {
    let target: Target;
    beforeEach(async () => {
      target = await open();
    });

    test('has nothing at first', async () => {
      expect(await target.pointer()).toBeUndefined();
      expect(await target.read(ROOT)).toBeUndefined();
      expect(await listed(target)).toEqual([]);
    });

    test('keeps what is put, and takes the same again', async () => {
      const object = objectOf('hello');
      await target.put(object, HOUR);
      await target.put(object, HOUR);
      expect(bytesOf(await target.read(object.digest))).toBe('hello');
      expect((await listed(target)).map(({ name }) => name)).toEqual([object.digest]);
    });

    test('leaves a fresh object as it is, and writes an older one again', async () => {
      const object = objectOf('again');
      await target.put(object, HOUR);
      const [first] = await listed(target);
      await sleep(1_100);
      await target.put(object, HOUR);
      expect(await listed(target)).toEqual([first]);
      await target.put(object, 500);
      const [touched] = await listed(target);
      expect(touched!.writtenAt).toBeGreaterThan(first!.writtenAt);
      expect(bytesOf(await target.read(object.digest))).toBe('again');
    });

    test('makes whole an object that is not as long as it should be', async () => {
      const object = objectOf('the whole text');
      await target.put({ ...object, size: 3, bytes: Buffer.from('the') }, HOUR);
      await target.put(object, HOUR);
      expect(bytesOf(await target.read(object.digest))).toBe('the whole text');
    });

    test('writes over an object of the right length where it is asked to', async () => {
      const object = objectOf('the whole text');
      const damaged = Buffer.from('the whole test');
      for (const bytes of [object.bytes, each([object.bytes as Uint8Array])]) {
        await target.put({ ...object, bytes: damaged }, ANEW);
        await target.put({ ...object, bytes }, ANEW);
        expect(bytesOf(await target.read(object.digest))).toBe('the whole text');
      }
    });

    test.each([
      new SnapshotError('body-wrong', 'other bytes than the log names'),
      new StoreError('missing', 'no such bytes'),
    ])('says with their own words that pieces cannot be had, and keeps none: %s', async (failure) => {
      const { digest } = objectOf('in vain');
      for (const freshMs of [HOUR, ANEW]) {
        const put = target.put({ digest, size: 500_000, bytes: failing(failure) }, freshMs);
        expect(await put.catch((error: unknown) => error)).toBe(failure);
        expect(await listed(target)).toEqual([]);
      }
    });

    test('takes an object in pieces, and gives it in pieces', async () => {
      const pieces = Array.from({ length: 40 }, (_, at) => Buffer.alloc(256 * 1024, at));
      const whole = Buffer.concat(pieces);
      const digest = sha256(whole);
      await target.put({ digest, size: whole.length, bytes: each(pieces) }, HOUR);
      const back: Uint8Array[] = [];
      for await (const piece of (await target.open(digest)) ?? []) back.push(piece);
      expect(sha256(Buffer.concat(back))).toBe(digest);
      expect(await target.open(ROOT)).toBeUndefined();
    });

    test('removes an object, and again without complaint', async () => {
      const object = objectOf('gone');
      await target.put(object, HOUR);
      await target.remove(object.digest);
      await target.remove(object.digest);
      expect(await target.read(object.digest)).toBeUndefined();
      expect(await listed(target)).toEqual([]);
    });

    test('lists more objects than a page holds, and no pointer among them', async () => {
      const objects = Array.from({ length: 40 }, (_, at) => objectOf(`object ${at}`));
      await Promise.all(objects.map((object) => target.put(object, HOUR)));
      await target.swap(pointer(1), undefined);
      const found = (await listed(target)).map(({ name }) => name).sort();
      expect(found).toEqual(objects.map(({ digest }) => digest).sort());
    });

    test('swaps the pointer from what it was, and from nothing else', async () => {
      expect(await target.swap(pointer(1), 'never')).toBe(false);
      expect(await target.swap(pointer(1), undefined)).toBe(true);
      const first = await target.pointer();
      expect(parsePointer(first!.bytes).publication).toBe(1);
      expect(await target.swap(pointer(2), undefined)).toBe(false);
      expect(await target.swap(pointer(2), first!.mark)).toBe(true);
      expect(await target.swap(pointer(3), first!.mark)).toBe(false);
      expect(parsePointer((await target.pointer())!.bytes).publication).toBe(2);
    });

    test(`lets ${oneAlwaysWins ? 'one' : 'no two'} of sixteen win that swap at once`, async () => {
      for (let round = 1; round <= 5; round += 1) {
        const mark = (await target.pointer())?.mark;
        const racers = Array.from({ length: 16 }, (_, at) => target.swap(pointer(round * 100 + at), mark));
        // Some stores tell the last of them of trouble in place of a conflict.
        const outcomes = await Promise.allSettled(racers);
        const winners = outcomes.flatMap((one, at) => (one.status === 'fulfilled' && one.value ? [at] : []));
        expect(winners.length).toBeLessThanOrEqual(1);
        expect(winners.length).toBeGreaterThanOrEqual(oneAlwaysWins ? 1 : 0);
        const now = await target.pointer();
        const [winner] = winners;
        const shown = now === undefined ? undefined : parsePointer(now.bytes).publication;
        expect(winner === undefined ? now?.mark : shown).toBe(winner === undefined ? mark : round * 100 + winner);
      }
    });

    test('loses no swap of several who each go on from what they read', async () => {
      let made = 0;
      async function publish(publisher: string): Promise<void> {
        for (let tries = 0; tries < 12; tries += 1) {
          const read = await target.pointer();
          const next = (read === undefined ? 0 : parsePointer(read.bytes).publication) + 1;
          if (await target.swap(pointer(next, publisher), read?.mark).catch(() => false)) made += 1;
        }
      }
      await Promise.all(['ann', 'ben', 'cem', 'dora'].map(publish));
      const last = await target.pointer();
      expect(last === undefined ? 0 : parsePointer(last.bytes).publication).toBe(made);
    });
  });
}

// oxlint-disable-next-line require-await
async function* failing(failure: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(100_000);
  throw failure;
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

function objectOf(text: string): NewObject {
  const bytes = Buffer.from(text);
  return { digest: sha256(bytes), size: bytes.length, bytes };
}

/** No two publishers make the same pointer: who finds it there takes it for its own. */
function pointer(publication: number, publisher = ''): Buffer {
  const snapshot = publisher === '' ? ROOT : sha256(Buffer.from(publisher));
  return encodePointer({ format: 1, publication, snapshot, size: publication });
}

function bytesOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

async function listed(target: Target): Promise<TargetItem[]> {
  const objects: TargetItem[] = [];
  for await (const object of target.list()) objects.push(object);
  return objects;
}
