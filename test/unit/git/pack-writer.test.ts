import { join } from 'node:path';
import * as fc from 'fast-check';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Breather } from '../../../lib/git/breather.ts';
import type { StoredObject } from '../../../lib/git/object-source.ts';
import { hashObject } from '../../../lib/git/oid.ts';
import { unpack } from '../../../lib/git/pack-reader.ts';
import { writePack } from '../../../lib/git/pack-writer.ts';
import { parseEntryHeader, writeEntryHeader } from '../../../lib/git/pack-format.ts';
import { git, gitBytes, temporaryFolder, tryGit } from './support/git-command.ts';
import { gather } from './support/memory-repository.ts';
import { sampleRepository } from './support/sample-repository.ts';
import { chunked, Spools } from './support/spools.ts';

const folder = temporaryFolder();
const sample = join(folder.path, 'sample');
beforeAll(() => sampleRepository(sample));
afterAll(() => folder.remove());

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

const blob = (content: Buffer, encoding: 'zlib' | 'raw', inPieces: boolean): StoredObject => {
  const bytes = encoding === 'zlib' ? deflateSync(content) : content;
  const body = inPieces ? chunked(bytes, 1000) : bytes;
  return { oid: hashObject('blob', content), type: 'blob', size: content.length, encoding, body };
};

const pack = (objects: readonly StoredObject[], count = objects.length) =>
  gather(writePack(count, each(objects), new Breather()));

describe('a pack that we write', () => {
  it('passes index-pack and fsck of git, with all that git had', async () => {
    const sent = await gitBytes(sample, ['pack-objects', '--stdout', '-q', '--all'], { input: '' });
    const quarantine = await unpack(chunked(sent), { openSpool: new Spools().openSpool });
    const ours = await gather(
      writePack(quarantine.size, quarantine.read([...quarantine.objects()].map(({ oid }) => oid)), new Breather()),
    );
    await quarantine.close();
    const bare = join(folder.path, 'bare');
    await git(folder.path, 'init', '-q', '--bare', bare);
    await gitBytes(bare, ['index-pack', '--strict', '--stdin'], { input: ours });
    await git(bare, 'update-ref', 'refs/heads/main', await git(sample, 'rev-parse', 'main'));
    const { code, stderr } = await tryGit(bare, ['fsck', '--full', '--strict', '--no-dangling']);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('reads back the same, however its objects are stored', async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(400_000).map((size) => Buffer.alloc(size, `${size} `)),
    );
    const object = fc.tuple(content, fc.constantFrom('zlib' as const, 'raw' as const), fc.boolean());
    const law = fc.asyncProperty(fc.array(object, { maxLength: 6 }), async (rows) => {
      const objects = rows.map(([bytes, encoding, inPieces]) => blob(Buffer.from(bytes), encoding, inPieces));
      const quarantine = await unpack(chunked(await pack(objects)), { openSpool: new Spools().openSpool });
      expect([...quarantine.objects()].map(({ oid }) => oid)).toEqual([...new Set(objects.map(({ oid }) => oid))]);
      await quarantine.close();
    });
    await fc.assert(law, { numRuns: 40 });
  });

  it('comes in chunks that are worth sending, each its own memory', async () => {
    const chunks: Buffer[] = [];
    const objects = Array.from({ length: 500 }, (_, at) => blob(Buffer.alloc(2000, `${at} blob`), 'raw', false));
    for await (const chunk of writePack(500, each(objects), new Breather())) chunks.push(chunk);
    expect(chunks.length).toBe(8);
    expect(chunks.slice(0, -1).every(({ length }) => length === 131_030)).toBe(true);
    expect(Buffer.concat(chunks).equals(await pack(objects))).toBe(true);
  });

  it('has no trailer when objects are missing or the source fails', async () => {
    await expect(pack([blob(Buffer.from('a'), 'raw', false)], 2)).rejects.toMatchObject({ code: 'object-missing' });
    const broken = (async function* (): AsyncGenerator<StoredObject> {
      yield await Promise.resolve(blob(Buffer.from('a'), 'raw', false));
      throw new Error('the disk is gone');
    })();
    await expect(gather(writePack(2, broken, new Breather()))).rejects.toThrow('the disk is gone');
  });
});

describe('an entry header', () => {
  it('says sizes up to the largest whole number', () => {
    const law = fc.property(
      fc.maxSafeNat(),
      fc.constantFrom('commit' as const, 'tree' as const, 'blob' as const, 'tag' as const),
      (size, type) => {
        const target = Buffer.alloc(32);
        const length = writeEntryHeader(target, 0, type, size);
        expect(parseEntryHeader(target)).toMatchObject({ kind: type, size, length });
      },
    );
    fc.assert(law);
  });
});
