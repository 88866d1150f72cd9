import * as fc from 'fast-check';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import type { Located } from '../../../lib/store/content-record.ts';
import { isContent, verified } from '../../../lib/store/verified.ts';

const bytes = fc.uint8Array({ maxLength: 2000 }).map((some) => Buffer.from(some));
const encoding = fc.constantFrom('zlib' as const, undefined);
const cut = fc.integer({ min: 1, max: 300 });

async function* pieces(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function* failing(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
  throw new RangeError('the source failed');
}

async function passed(stored: Buffer, located: Located, size: number): Promise<Buffer> {
  const some: Uint8Array[] = [];
  for await (const piece of verified(pieces(stored, size), located)) some.push(piece);
  return Buffer.concat(some);
}

function locate(content: Buffer, how: 'zlib' | undefined): Located {
  const located = { content: sha256(content), size: content.length, place: 'blob' } as const;
  return how === undefined ? located : { ...located, encoding: how };
}

test('stored bytes of the content pass as they are, raw or deflated, however they come', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, encoding, cut, async (content, how, size) => {
      const stored = how === 'zlib' ? deflateSync(content) : content;
      const located = locate(content, how);
      expect((await passed(stored, located, size)).equals(stored)).toBe(true);
      expect(isContent(located.content, stored, located)).toBe(true);
    }),
  );
});

test('stored bytes of other content, of a part of it, or of more, are damaged', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, bytes, encoding, cut, async (content, other, how, size) => {
      fc.pre(!content.equals(other));
      for (const wrong of [other, content.subarray(0, -1), Buffer.concat([content, Buffer.of(0)])]) {
        if (wrong.equals(content)) continue;
        const stored = how === 'zlib' ? deflateSync(wrong) : wrong;
        const located = locate(content, how);
        await expect(passed(stored, located, size)).rejects.toMatchObject({ code: 'damaged' });
        expect(isContent(located.content, stored, located)).toBe(false);
      }
    }),
  );
});

test('a zlib stream with any byte changed, or cut off, is damaged unless it still says the same', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), cut, async (content, at, change, size) => {
      const stored = deflateSync(content);
      stored[at % stored.length]! ^= change;
      const outcome = await passed(stored, locate(content, 'zlib'), size).then(
        () => 'passed',
        (error: { code?: string }) => error.code,
      );
      // Of a zlib stream, the level in its second byte says nothing that is checked but by its own sum.
      expect(outcome === 'damaged' || isContent(sha256(content), stored, locate(content, 'zlib'))).toBe(true);
      const short = deflateSync(content).subarray(0, -1);
      await expect(passed(short, locate(content, 'zlib'), size)).rejects.toMatchObject({ code: 'damaged' });
    }),
  );
});

test('what claims to be small is not inflated any further', async () => {
  const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
  const located = { ...locate(Buffer.alloc(10), 'zlib') };
  await expect(passed(bomb, located, 1024)).rejects.toMatchObject({ code: 'damaged' });
});

test('a source that fails fails as it did', async () => {
  const content = Buffer.from('some');
  for (const how of ['zlib', undefined] as const) {
    const stored = how === 'zlib' ? deflateSync(content) : content;
    const reading = (async () => {
      for await (const _piece of verified(failing(stored), locate(content, how))) continue;
    })();
    await expect(reading).rejects.toThrow(RangeError);
  }
});
