import { createHash, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitError } from '../../../lib/git/error.ts';
import { hashObject, type Oid } from '../../../lib/git/oid.ts';
import { DEFAULT_PACK_LIMITS } from '../../../lib/git/pack-limits.ts';
import { unpack } from '../../../lib/git/pack-reader.ts';
import { git, gitBytes, temporaryFolder } from './support/git-command.ts';
import { gather, MemoryRepository } from './support/memory-repository.ts';
import { appendDelta, deltaSize, packOf, type RawEntry, withTrailer } from './support/pack-builder.ts';
import { sampleRepository } from './support/sample-repository.ts';
import { chunked, Spools } from './support/spools.ts';

const folder = temporaryFolder();
const sample = join(folder.path, 'sample');
let all: Oid[];

beforeAll(async () => {
  await sampleRepository(sample);
  all = (await git(sample, 'rev-list', '--objects', '--all', '--no-object-names')).split('\n');
});
afterAll(() => folder.remove());

async function packObjects(...args: string[]): Promise<Buffer> {
  return gitBytes(sample, ['pack-objects', '--stdout', '-q', ...args], { input: `${all.join('\n')}\n` });
}

interface Read {
  readonly type: string;
  readonly content: Buffer;
  readonly digest: string;
  readonly body: Buffer;
}

/** Unpacks, reads everything back through the port, and makes sure that nothing stays open. */
async function readPack(
  pack: Uint8Array,
  options: Partial<Parameters<typeof unpack>[1]> = {},
  chunkSize?: number,
): Promise<Map<Oid, Read>> {
  const spools = new Spools();
  const read = new Map<Oid, Read>();
  try {
    const quarantine = await unpack(chunked(pack, chunkSize), { openSpool: spools.openSpool, ...options });
    const digests = new Map([...quarantine.objects()].map(({ oid, digest }) => [oid, digest]));
    for await (const object of quarantine.read([...digests.keys()])) {
      const body = await gather(object.body);
      const content = object.encoding === 'zlib' ? inflateSync(body) : body;
      read.set(object.oid, { type: object.type, content, body, digest: digests.get(object.oid)! });
    }
    await quarantine.close();
    return read;
  } finally {
    expect(spools.open).toBe(0);
  }
}

const failure = (pack: Uint8Array, options?: Parameters<typeof readPack>[1], chunkSize?: number) =>
  readPack(pack, options, chunkSize).then(
    () => 'read',
    (error: unknown) => {
      if (error instanceof GitError) return error.code;
      throw error;
    },
  );

/** What of the sample was not read as git has it. */
async function mistakes(read: ReadonlyMap<Oid, Read>, oids: readonly Oid[] = all): Promise<string[]> {
  const input = [...new Set(oids)].join('\n');
  const batch = await gitBytes(sample, ['cat-file', '--batch-check'], { input });
  const wrong = new Set(batch.toString().trim().split('\n'));
  for (const [oid, { type, content, digest }] of read) {
    const isNamed = hashObject(type as 'blob', content) === oid;
    const isDigested = digest === `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const line = `${oid} ${type} ${content.length}`;
    if (isNamed && isDigested && wrong.has(line)) wrong.delete(line);
    else wrong.add(`more: ${line}`);
  }
  return [...wrong];
}

async function* brokenSource(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(packOf([blob('a')]).subarray(0, 15));
  throw new Error('the network is gone');
}

describe('a pack made by git', () => {
  it.each([
    ['without deltas', ['--window=0']],
    ['with deltas by offset', ['--delta-base-offset', '--no-reuse-delta', '--window=50']],
    ['with deltas by id', ['--no-reuse-delta', '--window=50']],
    ['with long chains', ['--delta-base-offset', '--no-reuse-delta', '--window=250', '--depth=4095']],
    ['stored without compression', ['--window=0', '--compression=0']],
    ['compressed as well as can be', ['--window=10', '--compression=9', '--no-reuse-object']],
  ])('%s is read whole', async (_, args) => {
    expect(await mistakes(await readPack(await packObjects(...args)))).toEqual([]);
  });

  it('is read whole however the network cuts it', async () => {
    const pack = await packObjects('--delta-base-offset', '--no-reuse-delta');
    for (const size of [1, 7, 19, 20, 21, 4096, 1_000_000])
      expect(await mistakes(await readPack(pack, {}, size))).toEqual([]);
  });

  it('keeps the zlib streams that it came with, where they are shorter than what is in them', async () => {
    const pack = await packObjects('--window=0');
    const read = [...(await readPack(pack)).values()];
    const deflated = read.filter(({ body, content }) => body !== content);
    expect(deflated.length).toBeGreaterThan(0);
    for (const { body, content } of read) {
      expect(body.length).toBeLessThanOrEqual(content.length);
      expect(body === content || pack.includes(body)).toBe(true);
    }
  });

  it('that is thin is completed from the repository', async () => {
    const input = 'main\n^light\n';
    const pack = await gitBytes(sample, ['pack-objects', '--stdout', '-q', '--revs', '--thin', '--no-reuse-delta'], {
      input,
    });
    const missing = (await git(sample, 'rev-list', '--objects', '--no-object-names', 'main', '^light')).split('\n');
    expect(await failure(pack)).toBe('delta-base-missing');
    const repository = new MemoryRepository();
    for (const [oid, { type, content }] of await readPack(await packObjects())) {
      repository.kept.set(oid, {
        type: type as 'blob',
        size: content.length,
        encoding: 'raw',
        body: content,
        digest: 'sha256:x',
      });
    }
    expect(await mistakes(await readPack(pack, { bases: repository.objects }), missing)).toEqual([]);
  });

  it('of nothing is read', async () => {
    expect((await readPack(packOf([]))).size).toBe(0);
  });

  it('that was changed anywhere is refused', async () => {
    const pack = await packObjects('--delta-base-offset', '--no-reuse-delta', '--window=50');
    const law = fc.asyncProperty(fc.nat(pack.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = Buffer.from(pack);
      changed[at]! ^= mask;
      expect(await failure(changed)).not.toBe('read');
      // With the trailer put right the change may go unnoticed only by naming other objects.
      expect(await failure(withTrailer(changed.subarray(0, -20)))).toMatch(
        /^(read|bad-pack|bad-object|truncated|delta-base-missing|limit-exceeded|collision)$/,
      );
    });
    await fc.assert(law, { numRuns: 150 });
  });

  it('that was cut off or goes on is refused', async () => {
    const pack = await packObjects('--delta-base-offset', '--no-reuse-delta', '--window=50');
    for (let count = 0; count < 60; count += 1) {
      const cut = pack.subarray(0, Math.floor((pack.length * count) / 60));
      expect(await failure(cut)).toBe('truncated');
    }
    expect(await failure(pack.subarray(0, -1))).toBe('truncated');
    expect(await failure(Buffer.concat([pack, Buffer.alloc(1)]))).toBe('bad-pack');
    expect(await failure(Buffer.concat([pack, pack]))).toBe('bad-pack');
  });
});

describe('a pack kept from git 2.39', () => {
  const expected = JSON.parse(readFileSync('fixtures/git/objects.json', 'utf8')) as Record<Oid, string>;

  it.each(['offset-deltas.pack', 'id-deltas.pack'])('holds what git said that it holds: %s', async (file) => {
    const read = await readPack(readFileSync(join('fixtures/git', file)));
    const found = [...read].map(
      ([oid, { type, content, digest }]) => [oid, `${type} ${content.length} ${digest}`] as const,
    );
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});

const blob = (content: Uint8Array | string): RawEntry => ({ code: 3, content: Buffer.from(content as string) });
const byId = (base: Oid, content: Uint8Array): RawEntry => ({ code: 7, base, content });
const idOf = (content: Uint8Array | string) => hashObject('blob', Buffer.from(content as string));

describe('deltas', () => {
  it('may come before their bases', async () => {
    const entries = [
      byId(idOf('abc'), appendDelta(3, 'd')),
      { code: 6, entriesBack: 1, content: appendDelta(4, 'e') },
      blob('ab'),
      { code: 6, entriesBack: 1, content: appendDelta(2, 'c') },
    ];
    const read = await readPack(packOf(entries));
    expect([...read.values()].map(({ content }) => content.toString()).toSorted()).toEqual([
      'ab',
      'abc',
      'abcd',
      'abcde',
    ]);
  });

  it('may be thousands long, from either end', async () => {
    const depth = 3000;
    const forward = [
      blob(''),
      ...Array.from({ length: depth }, (_, at) => ({ code: 6, entriesBack: 1, content: appendDelta(at, 'x') })),
    ];
    expect((await readPack(packOf(forward))).size).toBe(depth + 1);
    const backward = Array.from({ length: depth }, (_, at) =>
      byId(idOf('x'.repeat(at)), appendDelta(at, 'x')),
    ).toReversed();
    expect((await readPack(packOf([...backward, blob('')]))).size).toBe(depth + 1);
    expect(await failure(packOf(forward), { limits: { ...DEFAULT_PACK_LIMITS, deltaDepth: 2999 } })).toBe(
      'limit-exceeded',
    );
    expect(
      await failure(packOf([...backward, blob('')]), { limits: { ...DEFAULT_PACK_LIMITS, deltaDepth: 2999 } }),
    ).toBe('limit-exceeded');
  });

  it('of large objects are resolved', async () => {
    const base = Buffer.alloc(3_000_000, 'large base ');
    const read = await readPack(
      packOf([blob(base), { code: 6, entriesBack: 1, content: appendDelta(base.length, '!') }]),
    );
    expect(read.get(idOf(Buffer.concat([base, Buffer.from('!')])))?.content.length).toBe(base.length + 1);
  });

  it('that make an object which is there already change nothing', async () => {
    const read = await readPack(
      packOf([blob('a'), blob('ab'), { code: 6, entriesBack: 2, content: appendDelta(1, 'b') }, blob('ab')]),
    );
    expect(read.size).toBe(2);
  });

  it.each([
    ['without a base', [byId('1'.repeat(40), appendDelta(1, 'x'))], 'delta-base-missing'],
    ['on themselves', [byId(idOf('xx'), Buffer.from([2, 2, 2, 0x78, 0x78]))], 'delta-base-missing'],
    [
      'in a circle',
      [byId(idOf('ab'), appendDelta(2, 'c')), byId(idOf('abc'), Buffer.from([3, 2, 0x90, 2]))],
      'delta-base-missing',
    ],
    ['that point at no entry', [blob('a'), { code: 6, bytesBack: 3, content: appendDelta(1, 'x') }], 'bad-pack'],
    ['that point at themselves', [blob('a'), { code: 6, bytesBack: 0, content: appendDelta(1, 'x') }], 'bad-pack'],
    ['that point before the pack', [blob('a'), { code: 6, bytesBack: 5000, content: appendDelta(1, 'x') }], 'bad-pack'],
    ['for a base of another size', [blob('a'), { code: 6, entriesBack: 1, content: appendDelta(2, 'x') }], 'bad-pack'],
    [
      'that copy what is not there',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 3, 0x90, 3]) }],
      'bad-pack',
    ],
    [
      'that copy from far away',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 1, 0x9f, 255, 255, 255, 255, 1]) }],
      'bad-pack',
    ],
    [
      'that make too much',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 1, 0x90, 1, 0x90, 1]) }],
      'bad-pack',
    ],
    [
      'that make too little',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 2, 0x90, 1]) }],
      'bad-pack',
    ],
    [
      'with a reserved instruction',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 1, 0]) }],
      'bad-pack',
    ],
    ['that are cut off', [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, 5, 5, 1]) }], 'bad-pack'],
    ['that are empty', [blob('a'), { code: 6, entriesBack: 1, content: Buffer.alloc(0) }], 'bad-pack'],
    ['whose size does not end', [blob('a'), { code: 6, entriesBack: 1, content: Buffer.alloc(20, 255) }], 'bad-pack'],
    [
      'that promise gigabytes',
      [blob('a'), { code: 6, entriesBack: 1, content: Buffer.from([1, ...deltaSize(2 ** 40)]) }],
      'limit-exceeded',
    ],
  ] as [string, RawEntry[], string][])('%s are refused', async (_, entries, code) => {
    expect(await failure(packOf(entries))).toBe(code);
  });
});

describe('a pack is refused', () => {
  it.each([
    ['that is none', Buffer.from('this is no pack at all, by far'), 'bad-pack'],
    ['of an unknown version', withTrailer(Buffer.from('5041434b0000000400000000', 'hex')), 'bad-pack'],
    ['with a wrong trailer', Buffer.concat([packOf([blob('a')]).subarray(0, -20), Buffer.alloc(20)]), 'bad-pack'],
    ['that has fewer objects than it says', packOf([blob('a')], 2), 'truncated'],
    ['that has more objects than it says', packOf([blob('a'), blob('b')], 1), 'bad-pack'],
    ['with an unknown type', packOf([{ code: 5, content: Buffer.alloc(1) }]), 'bad-pack'],
    ['with type 0', packOf([{ code: 0, content: Buffer.alloc(1) }]), 'bad-pack'],
    ['with an object that is larger than it says', packOf([{ ...blob('abc'), size: 2 }]), 'bad-object'],
    ['with an object that is smaller than it says', packOf([{ ...blob('abc'), size: 4 }]), 'bad-object'],
    [
      'with a large object that is larger than it says',
      packOf([{ ...blob(Buffer.alloc(400_000)), size: 300_000 }]),
      'bad-object',
    ],
    [
      'with a large object that is smaller than it says',
      packOf([{ ...blob(Buffer.alloc(300_000)), size: 400_000 }]),
      'bad-object',
    ],
    ['with a stream that is none', packOf([{ ...blob('abc'), stream: Buffer.from('no zlib stream') }]), 'bad-object'],
    [
      'with a large stream that is none',
      packOf([{ ...blob('abc'), size: 500_000, stream: randomBytes(100_000) }]),
      'bad-object',
    ],
    [
      'with a wrong checksum in a stream',
      packOf([{ ...blob('abc'), stream: Buffer.concat([deflateSync('abc').subarray(0, -1), Buffer.from([0])]) }]),
      'bad-object',
    ],
    [
      'with a stream that needs a dictionary',
      packOf([{ ...blob('abc'), stream: deflateSync('abc', { dictionary: Buffer.from('abc') }) }]),
      'bad-object',
    ],
    [
      'with a header that does not end',
      withTrailer(Buffer.concat([packOf([blob('a')]).subarray(0, 12), Buffer.alloc(60, 0xff)])),
      'bad-pack',
    ],
  ] as [string, Buffer, string][])('%s', async (_, pack, code) => {
    expect(await failure(pack)).toBe(code);
    expect(await failure(pack, {}, 1)).toBe(code);
  });

  it('that inflates beyond every limit, without inflating it', async () => {
    const bomb = packOf([blob(Buffer.alloc(50_000_000))]);
    expect(bomb.length).toBeLessThan(100_000);
    expect(await failure(bomb, { limits: { ...DEFAULT_PACK_LIMITS, objectBytes: 1_000_000 } })).toBe('limit-exceeded');
    const many = packOf(Array.from({ length: 20 }, (_, at) => blob(Buffer.alloc(200_000, at))));
    expect(await failure(many, { limits: { ...DEFAULT_PACK_LIMITS, inflatedBytes: 1_000_000 } })).toBe(
      'limit-exceeded',
    );
    const copies = [
      blob(Buffer.alloc(200_000)),
      ...Array.from({ length: 20 }, (_, at) => ({
        code: 6,
        entriesBack: at + 1,
        content: appendDelta(200_000, String(at)),
      })),
    ];
    expect(await failure(packOf(copies), { limits: { ...DEFAULT_PACK_LIMITS, inflatedBytes: 1_000_000 } })).toBe(
      'limit-exceeded',
    );
    expect(await failure(many, { limits: { ...DEFAULT_PACK_LIMITS, objects: 19 } })).toBe('limit-exceeded');
    expect(await failure(many, { limits: { ...DEFAULT_PACK_LIMITS, packBytes: 1000 } })).toBe('limit-exceeded');
    const tree = packOf([{ code: 2, content: Buffer.alloc(400_000) }]);
    expect(await failure(tree, { limits: { ...DEFAULT_PACK_LIMITS, structureBytes: 300_000 } })).toBe('limit-exceeded');
    const grown = [
      { code: 2, content: Buffer.alloc(200_000) },
      { code: 6, entriesBack: 1, content: appendDelta(200_000, 'x'.repeat(100)) },
    ];
    expect(await failure(packOf(grown), { limits: { ...DEFAULT_PACK_LIMITS, structureBytes: 200_050 } })).toBe(
      'limit-exceeded',
    );
    expect(await failure(packOf(copies), { limits: { ...DEFAULT_PACK_LIMITS, heldBytes: 199_999 } })).toBe(
      'limit-exceeded',
    );
  });

  it('when nobody waits for it any more', async () => {
    const controller = new AbortController();
    const pack = packOf(Array.from({ length: 3000 }, (_, at) => blob(`blob ${at} ${'x'.repeat(3000)}`)));
    setImmediate(() => controller.abort());
    expect(await failure(pack, { signal: controller.signal })).toBe('aborted');
  });

  it('when its source fails, with the error of the source', async () => {
    const spools = new Spools();
    await expect(unpack(brokenSource(), { openSpool: spools.openSpool })).rejects.toThrow('the network is gone');
    expect(spools.open).toBe(0);
  });
});

describe('reading a pack', () => {
  it('lets the event loop turn, though all of it is there at once', async () => {
    const pack = packOf(Array.from({ length: 2000 }, (_, at) => blob(`blob ${at} ${'x'.repeat(4000)}`)));
    let turns = 0;
    let running = true;
    const turn = () => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await readPack(pack, {}, pack.length);
    running = false;
    expect(turns).toBeGreaterThan(3);
  });

  it('tells how far it is', async () => {
    const seen: string[] = [];
    await readPack(packOf([blob('a'), blob('b')]), { onProgress: (done, total) => seen.push(`${done}/${total}`) });
    expect(seen).toEqual(['1/2', '2/2']);
  });
});
