import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import { Gate } from '../support/gate.ts';
import {
  failingAfter,
  gathered,
  inPieces,
  isMissing,
  isSame,
  outcomeOf,
  sampleBlob,
  SourceFailure,
} from './byte-sources.ts';
import { owedBy, useEngine, type Engine, type Trial } from './harness.ts';

const MIB = 1024 * 1024;
const ABSENT = sha256(Buffer.from('nobody stores this'));

/** What every engine of a BlobStore holds. */
export function blobStoreContract<T extends Trial<BlobStore>>(engine: Engine<BlobStore, T>): void {
  describe(`BlobStore of ${engine.name}`, () => {
    const trial = useEngine<BlobStore, T>(engine);

    describe('keeps', () => {
      test.each([0, 1, 65_537, MIB - 1, MIB, MIB + 1, 3 * MIB + 17, 21 * MIB + 5])(
        'a blob of %i bytes',
        async (size) => {
          const { store } = trial();
          const { bytes, digest } = sampleBlob(size);
          await store.write(digest, inPieces(bytes));
          expect(await store.stat(digest)).toEqual({ size });
          expect(isSame(await gathered(store.read(digest)), bytes)).toBe(true);
        },
      );

      test('the same bytes however the source cuts them', async () => {
        const { store } = trial();
        const { bytes, digest } = sampleBlob(300_000);
        const law = fc.asyncProperty(fc.array(fc.nat(60_000), { maxLength: 12 }), async (cuts) => {
          await store.write(digest, cutAt(bytes, cuts));
          expect(isSame(await gathered(store.read(digest)), bytes)).toBe(true);
        });
        await fc.assert(law, { numRuns: 15 });
      });

      test('a blob that comes in thousands of tiny pieces', async () => {
        const { store } = trial();
        const { bytes, digest } = sampleBlob(30_000);
        await store.write(digest, inPieces(bytes, 3));
        expect(isSame(await gathered(store.read(digest)), bytes)).toBe(true);
      });

      test('everything until it is opened again, and after', async () => {
        const { store, reopen } = trial();
        const blobs = [1, 2, 3].map((seed) => sampleBlob(100_000 + seed));
        for (const { digest, bytes } of blobs) await store.write(digest, inPieces(bytes));
        const again = await reopen();
        for (const { digest, bytes } of blobs) expect(isSame(await gathered(again.read(digest)), bytes)).toBe(true);
        expect(await namesIn(again)).toEqual(blobs.map(({ digest }) => digest).sort());
      });
    });

    describe('of what is absent', () => {
      test('says so by stat and by the code missing, and deletes it without a word', async () => {
        const { store } = trial();
        expect(await store.stat(ABSENT)).toBeUndefined();
        await expect(gathered(store.read(ABSENT))).rejects.toSatisfy(isMissing);
        await expect(gathered(store.read(ABSENT, { start: 0, end: 10 }))).rejects.toSatisfy(isMissing);
        await store.delete(ABSENT);
        expect(await namesIn(store)).toEqual([]);
      });

      test('says the same once it is deleted, beside others that stay', async () => {
        const { store, reopen } = trial();
        const [gone, stays] = [sampleBlob(70_000, 'gone'), sampleBlob(70_000, 'stays')];
        for (const { digest, bytes } of [gone, stays]) await store.write(digest, inPieces(bytes));
        await store.delete(gone.digest);
        await store.delete(gone.digest);
        for (const one of [store, await reopen()]) {
          expect(await one.stat(gone.digest)).toBeUndefined();
          await expect(gathered(one.read(gone.digest))).rejects.toSatisfy(isMissing);
          expect(await namesIn(one)).toEqual([stays.digest]);
        }
      });
    });

    describe('reads', () => {
      test('any range as the same slice of the bytes', async () => {
        const { store } = trial();
        const { bytes, digest } = sampleBlob(2 * MIB + 100);
        await store.write(digest, inPieces(bytes));
        const place = fc.oneof(
          fc.nat(bytes.length),
          fc.constantFrom(0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, bytes.length),
        );
        const law = fc.asyncProperty(place, place, async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) };
          const read = await gathered(store.read(digest, range));
          expect(isSame(read, bytes.subarray(range.start, range.end))).toBe(true);
        });
        await fc.assert(law, { numRuns: 50 });
      });

      test('in pieces of at most 1 MiB, none of which a later one or another read overwrites', async () => {
        const { store } = trial();
        const { bytes, digest } = sampleBlob(5 * MIB + 3);
        const other = sampleBlob(4 * MIB, 'other');
        await store.write(digest, inPieces(bytes));
        await store.write(other.digest, inPieces(other.bytes));
        const pieces: Uint8Array[] = [];
        for await (const piece of store.read(digest)) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(MIB);
          pieces.push(piece);
        }
        await gathered(store.read(other.digest));
        expect(isSame(Buffer.concat(pieces), bytes)).toBe(true);
      });

      test('for many at a time, also for who stops half-way', async () => {
        const { store } = trial();
        const { bytes, digest } = sampleBlob(3 * MIB);
        await store.write(digest, inPieces(bytes));
        for (let round = 0; round < 30; round += 1) for await (const _ of store.read(digest)) break;
        const reads = await Promise.all(Array.from({ length: 8 }, () => gathered(store.read(digest))));
        for (const read of reads) expect(isSame(read, bytes)).toBe(true);
      });

      test('all of the old bytes or all of the new ones while they are replaced, or says that they are missing', async () => {
        const { store } = trial();
        // Bytes are stored under the digest of what they stand for, so two forms may follow each other under one.
        const [before, after] = [sampleBlob(3 * MIB, 'before'), sampleBlob(2 * MIB, 'after')];
        const { digest } = before;
        await store.write(digest, inPieces(before.bytes));
        const replaced = slowly(store.read(digest), () => store.write(digest, inPieces(after.bytes)));
        expect([before.digest, after.digest]).toContain(await outcomeOf(replaced));
        expect(await outcomeOf(store.read(digest))).toBe(after.digest);
        const deleted = slowly(store.read(digest), () => store.delete(digest));
        expect([after.digest, 'missing']).toContain(await outcomeOf(deleted));
      });
    });

    describe('when a write does not come to its end', () => {
      const INTERRUPTIONS: readonly [
        string,
        (bytes: Uint8Array, controller: AbortController) => AsyncIterable<Uint8Array>,
      ][] = [
        ['the source fails at once', (bytes) => failingAfter(bytes.subarray(0, 0))],
        ['the source fails half-way', (bytes) => failingAfter(bytes.subarray(0, bytes.length / 2))],
        ['the source fails behind its last byte', (bytes) => failingAfter(bytes)],
        [
          'the signal was given before',
          (bytes, controller) => (controller.abort(new SourceFailure()), inPieces(bytes)),
        ],
        ['the signal comes half-way', (bytes, controller) => abortingAt(bytes, bytes.length / 2, controller)],
        ['the signal comes with the last bytes', (bytes, controller) => abortingAt(bytes, bytes.length, controller)],
      ];

      test.each(INTERRUPTIONS)('nothing is left of it: %s', async (_, source) => {
        const { store, leftovers } = trial();
        const { bytes, digest } = sampleBlob(3 * MIB);
        const controller = new AbortController();
        await expect(store.write(digest, source(bytes, controller), controller.signal)).rejects.toBeInstanceOf(
          SourceFailure,
        );
        expect(await store.stat(digest)).toBeUndefined();
        await expect(gathered(store.read(digest))).rejects.toSatisfy(isMissing);
        expect(await namesIn(store)).toEqual([]);
        expect((await leftovers?.()) ?? []).toEqual([]);
      });

      test.each(INTERRUPTIONS)('what was there stays: %s', async (_, source) => {
        const { store, leftovers } = trial();
        const [kept, other] = [sampleBlob(2 * MIB, 'kept'), sampleBlob(3 * MIB, 'other')];
        await store.write(kept.digest, inPieces(kept.bytes));
        const controller = new AbortController();
        const write = store.write(kept.digest, source(other.bytes, controller), controller.signal);
        await expect(write).rejects.toBeInstanceOf(SourceFailure);
        expect(isSame(await gathered(store.read(kept.digest)), kept.bytes)).toBe(true);
        expect((await leftovers?.()) ?? []).toEqual([]);
        await store.write(kept.digest, inPieces(other.bytes));
        expect(isSame(await gathered(store.read(kept.digest)), other.bytes)).toBe(true);
      });

      test('the source is closed when the signal ends the write', async () => {
        const { store } = trial();
        const controller = new AbortController();
        let closed = false;
        async function* source(): AsyncGenerator<Uint8Array> {
          try {
            for (;;) {
              yield Buffer.alloc(1000);
              controller.abort(new SourceFailure());
            }
          } finally {
            closed = true;
          }
        }
        await expect(store.write(ABSENT, source(), controller.signal)).rejects.toBeInstanceOf(SourceFailure);
        expect(closed).toBe(true);
      });

      test('the signal ends it although the source brings nothing more', owedBy(engine, 'prompt signal'), async () => {
        const { store, leftovers } = trial();
        const controller = new AbortController();
        const gate = new Gate();
        async function* silent(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(1000);
          await gate.opened;
        }
        const write = store.write(ABSENT, silent(), controller.signal);
        const outcome = write.then(
          () => 'written',
          (error: unknown) => error,
        );
        setTimeout(() => controller.abort(new SourceFailure()), 20);
        const first = await Promise.race([outcome, sleep(1000, 'still waiting')]);
        gate.open();
        await outcome;
        expect(first).toBeInstanceOf(SourceFailure);
        expect((await leftovers?.()) ?? []).toEqual([]);
      });
    });

    describe('with many at once', () => {
      test('takes one digest from many writers, and is never seen with less than all of it', async () => {
        const { store, leftovers } = trial();
        const { bytes, digest } = sampleBlob(2 * MIB);
        const written = new Gate();
        const seen = new Set<string>();
        async function write(): Promise<void> {
          await Promise.all([1, 2, 3, 4, 5, 6].map((at) => store.write(digest, inPieces(bytes, 10_000 + at))));
          written.open();
        }
        async function read(): Promise<void> {
          while (!seen.has('written')) {
            seen.add(await outcomeOf(store.read(digest)));
            seen.add(`${(await store.stat(digest))?.size}`);
            if (await Promise.race([written.opened.then(() => true), sleep(1, false)])) seen.add('written');
          }
        }
        await Promise.all([write(), read()]);
        expect([digest, 'missing', String(bytes.length), 'undefined', 'written']).toEqual(
          expect.arrayContaining([...seen]),
        );
        expect(isSame(await gathered(store.read(digest)), bytes)).toBe(true);
        expect(await namesIn(store)).toEqual([digest]);
        expect((await leftovers?.()) ?? []).toEqual([]);
      });

      test('takes one digest from writers of whom some fail', async () => {
        const { store, leftovers } = trial();
        const { bytes, digest } = sampleBlob(2 * MIB);
        const sources = [
          inPieces(bytes),
          failingAfter(bytes),
          failingAfter(bytes.subarray(0, 1000)),
          inPieces(bytes, 7777),
        ];
        const answers = await Promise.allSettled(sources.map((source) => store.write(digest, source)));
        expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
        expect(isSame(await gathered(store.read(digest)), bytes)).toBe(true);
        expect((await leftovers?.()) ?? []).toEqual([]);
      });

      test('ends whole or absent where writers and deleters meet', async () => {
        const { store, leftovers } = trial();
        const { bytes, digest } = sampleBlob(200_000);
        for (let round = 0; round < 8; round += 1) {
          await Promise.all([
            store.write(digest, inPieces(bytes)),
            store.delete(digest),
            store.write(digest, inPieces(bytes)),
            store.delete(digest),
          ]);
          const names = await namesIn(store);
          expect(await outcomeOf(store.read(digest))).toBe(names[0] ?? 'missing');
          expect((await store.stat(digest))?.size).toBe(names.length === 0 ? undefined : bytes.length);
        }
        expect((await leftovers?.()) ?? []).toEqual([]);
      });
    });

    describe('lists', () => {
      test('every blob once with its size, and nothing that is still being written', async () => {
        const { store } = trial();
        const blobs = Array.from({ length: 40 }, (_, seed) => sampleBlob(1000 + seed));
        for (const { digest, bytes } of blobs) await store.write(digest, inPieces(bytes));
        const half = sampleBlob(2 * MIB, 'half');
        const [started, gate] = [new Gate(), new Gate()];
        async function* halting(): AsyncGenerator<Uint8Array> {
          yield half.bytes.subarray(0, MIB + 1);
          started.open();
          await gate.opened;
          yield half.bytes.subarray(MIB + 1);
        }
        const write = store.write(half.digest, halting());
        await started.opened;
        expect(await store.stat(half.digest)).toBeUndefined();
        const listed = new Map<Sha256, number>();
        for await (const { digest, size } of store.list()) {
          expect(listed.has(digest)).toBe(false);
          listed.set(digest, size);
        }
        expect(listed).toEqual(new Map(blobs.map(({ digest, bytes }) => [digest, bytes.length])));
        gate.open();
        await write;
        expect(await namesIn(store)).toContain(half.digest);
      });

      test('what stays, while others are written and deleted', async () => {
        const { store } = trial();
        const blobs = Array.from({ length: 20 }, (_, seed) => sampleBlob(500 + seed));
        for (const { digest, bytes } of blobs) await store.write(digest, inPieces(bytes));
        const [first, ...stay] = blobs;
        const names: Sha256[] = [];
        for await (const { digest } of store.list()) {
          if (names.length === 0 && first !== undefined) await store.delete(first.digest);
          names.push(digest);
        }
        expect(names).toEqual(expect.arrayContaining(stay.map(({ digest }) => digest)));
        expect(new Set(names).size).toBe(names.length);
      });
    });
  });
}

async function namesIn(store: BlobStore): Promise<Sha256[]> {
  const names: Sha256[] = [];
  for await (const { digest } of store.list()) names.push(digest);
  return names.sort();
}

/** Reads one piece, lets something happen, and reads on. */
async function* slowly(source: AsyncIterable<Uint8Array>, happen: () => Promise<void>): AsyncGenerator<Uint8Array> {
  let happened = false;
  for await (const piece of source) {
    yield piece;
    if (!happened) await happen();
    happened = true;
  }
}

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const cut of cuts) {
    yield bytes.subarray(at, at + cut);
    at += cut;
  }
  if (at < bytes.length) yield bytes.subarray(at);
}

async function* abortingAt(bytes: Uint8Array, place: number, controller: AbortController): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, place);
  controller.abort(new SourceFailure());
  if (place < bytes.length) yield bytes.subarray(place);
}
