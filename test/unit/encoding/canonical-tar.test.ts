import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalTar, type ReadTarFile } from '../../../lib/encoding/canonical-tar.ts';
import { tarHeader } from '../../../lib/encoding/tar-header.ts';
import { TarIndex } from '../../../lib/encoding/tar-index.ts';
import { Breather } from '../../../lib/git/breather.ts';
import { type Oid } from '../../../lib/git/oid.ts';
import { writePack } from '../../../lib/git/pack-writer.ts';
import { tarEntries } from '../../../lib/git/tree-tar.ts';
import { git, gitBytes, temporaryFolder } from '../git/support/git-command.ts';
import { gather, MemoryRepository } from '../git/support/memory-repository.ts';
import { GOLDEN_TREES, type Leaf, type Leaves, plantTree } from './tar-trees.ts';

interface Golden {
  readonly [name: string]: { readonly tree: Oid; readonly size: number; readonly sha256: string };
}

const golden = JSON.parse(readFileSync('fixtures/tar/golden.json', 'utf8')) as Golden;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Reads a file of the tar from a repository that keeps bare contents. */
const readFrom =
  (repository: MemoryRepository): ReadTarFile =>
  ({ oid }, start, end) =>
    repository.kept.get(oid)!.body.subarray(start, end);

/** Where two tars differ; a global header in front of one of them moves only the zeros at its end. */
function difference(ours: Buffer, theirs: Buffer): string {
  const common = Math.min(ours.length, theirs.length);
  const at = ours.subarray(0, common).findIndex((byte, index) => byte !== theirs[index]);
  if (at !== -1) return `byte ${at} differs`;
  return [...ours.subarray(common), ...theirs.subarray(common)].some((byte) => byte !== 0) ? 'one is longer' : '';
}

async function tarOf(repository: MemoryRepository, tree: Oid): Promise<Buffer> {
  return gather(canonicalTar(await tarEntries(repository.objects, tree), readFrom(repository)));
}

describe('a canonical tar', () => {
  it.each(Object.entries(GOLDEN_TREES))('has the bytes that it always had: %s', async (name, leaves) => {
    const repository = new MemoryRepository();
    const tree = plantTree(repository, leaves);
    const tar = await tarOf(repository, tree);
    expect({ tree, size: tar.length, sha256: sha256(tar) }).toEqual(golden[name]);
  });

  it('notes a size that its header cannot hold', () => {
    const oid = golden['8 GiB and a byte']!.tree;
    const header = tarHeader({ kind: 'file', path: 'zeros', oid, size: 2 ** 33 + 1 });
    expect({ tree: oid, size: header.length, sha256: sha256(header) }).toEqual(golden['8 GiB and a byte']);
    expect(tarHeader({ kind: 'file', path: 'zeros', oid, size: 2 ** 33 - 1 })).toHaveLength(512);
  });

  it('is refused when a file is not as long as the tree says', async () => {
    const entries = [{ kind: 'file', path: 'a', oid: '0'.repeat(40), size: 3 }] as const;
    for (const content of ['', 'ab', 'abcd']) {
      await expect(gather(canonicalTar(entries, () => Buffer.from(content)))).rejects.toThrow(RangeError);
    }
  });
});

describe('any part of a tar', () => {
  const repository = new MemoryRepository();
  let whole: Buffer;
  let index: TarIndex;

  beforeAll(async () => {
    const tree = plantTree(repository, {
      ...GOLDEN_TREES['sizes'],
      ...GOLDEN_TREES['links'],
      ...GOLDEN_TREES['prefixes'],
      large: { kind: 'file', content: 'large '.repeat(50_000) },
    });
    whole = await tarOf(repository, tree);
    index = new TarIndex(await tarEntries(repository.objects, tree));
  });

  it('is known by its size without being made', () => {
    expect(index.size).toBe(whole.length);
  });

  it('equals that part of the whole', async () => {
    const law = fc.asyncProperty(fc.nat(), fc.nat(), async (a, b) => {
      const [start, end] = [a % (whole.length + 1), b % (whole.length + 1)].sort((x, y) => x - y) as [number, number];
      const part = await gather(index.read(start, end, readFrom(repository)));
      expect(part.equals(whole.subarray(start, end))).toBe(true);
    });
    await fc.assert(law, { numRuns: 300 });
  });

  it('reads no file that it does not touch', async () => {
    const read: string[] = [];
    await gather(
      index.read(whole.length - 20_000, whole.length, (file, start, end) => {
        read.push(file.path);
        return readFrom(repository)(file, start, end);
      }),
    );
    expect(read.length).toBeLessThan(6);
  });

  it('outside the tar is refused', async () => {
    for (const [start, end] of [
      [-1, 1],
      [0, whole.length + 1],
      [2, 1],
    ] as const) {
      await expect(gather(index.read(start, end, readFrom(repository)))).rejects.toThrow(RangeError);
    }
  });
});

describe('beside git archive', () => {
  const folder = temporaryFolder();
  const bare = join(folder.path, 'bare');
  let commits = 0;

  beforeAll(() => git(folder.path, 'init', '-q', '--bare', bare));
  afterAll(() => folder.remove());

  /**
   * A commit made at time 0 gives its tree that time; in front of it stands a global pax header with the commit's id,
   * which is no part of the tree's tar. Attributes are switched off where they cannot be overruled.
   */
  async function archive(repository: MemoryRepository, tree: Oid): Promise<Buffer> {
    const oids = [...repository.kept.keys()];
    const pack = await gather(writePack(oids.length, repository.objects.read(oids), new Breather()));
    await gitBytes(bare, ['unpack-objects', '-q'], { input: pack });
    const env = { GIT_COMMITTER_DATE: '@0 +0000', GIT_AUTHOR_DATE: '@0 +0000' };
    commits += 1;
    const commit = await gitBytes(bare, ['commit-tree', tree, '-m', String(commits)], { env });
    const tar = await gitBytes(bare, [
      '-c',
      'core.attributesFile=/dev/null',
      'archive',
      '--format=tar',
      commit.toString().trim(),
    ]);
    return tar.subarray(1024);
  }

  it.each(Object.entries(GOLDEN_TREES).filter(([name]) => name !== 'attributes'))(
    'is the same: %s',
    async (_, leaves) => {
      const repository = new MemoryRepository();
      const tree = plantTree(repository, leaves);
      expect(difference(await tarOf(repository, tree), await archive(repository, tree))).toBe('');
    },
  );

  const part = fc.oneof(
    fc.constantFrom('a', 'b', 'ü', 'a.b', 'folder with spaces'),
    fc.integer({ min: 1, max: 160 }).map((length) => 'l'.repeat(length)),
  );
  const leaf: fc.Arbitrary<Leaf> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('file' as const, 'executable' as const),
      content: fc.string({ maxLength: 600 }),
    }),
    fc.record({
      kind: fc.constant('link' as const),
      target: fc.integer({ min: 1, max: 300 }).map((n) => 't'.repeat(n)),
    }),
  );
  const leaves: fc.Arbitrary<Leaves> = fc
    .array(fc.tuple(fc.array(part, { minLength: 1, maxLength: 5 }), leaf), { maxLength: 12 })
    .map((rows) => rows.map(([parts, each]) => [parts.join('/'), each] as const))
    // A path cannot be the folder of another.
    .map((rows) =>
      rows.filter(
        ([path], at) =>
          !rows.some(
            ([other], before) => before !== at && (other.startsWith(`${path}/`) || (other === path && before < at)),
          ),
      ),
    )
    .map((rows) => Object.fromEntries(rows));

  it('is the same whatever the tree', async () => {
    const law = fc.asyncProperty(leaves, async (each) => {
      const repository = new MemoryRepository();
      const tree = plantTree(repository, each);
      expect(difference(await tarOf(repository, tree), await archive(repository, tree))).toBe('');
    });
    await fc.assert(law, { numRuns: 20 });
  });
});
