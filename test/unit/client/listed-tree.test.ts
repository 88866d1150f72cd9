import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { archiveRanges, segmentsOf } from '../../../lib/client/archive-ranges.ts';
import { definitionFrom } from '../../../lib/client/definition.ts';
import { listedTree } from '../../../lib/client/listed-tree.ts';
import type { FileEntry } from '../../../lib/definition/wire.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { hashObject } from '../../../lib/git/oid.ts';
import { sampleDefinition } from '../../support/sample-definition.ts';

function file(path: string, more: Partial<FileEntry> = {}): FileEntry {
  const bytes = Buffer.from(more.target ?? 'x');
  return { path, kind: 'file', size: bytes.length, oid: hashObject('blob', bytes), digest: sha256(bytes), ...more };
}

function listing(...files: FileEntry[]): Parameters<typeof listedTree>[0] {
  return { tree: '1'.repeat(40), layer: { digest: `sha256:${'0'.repeat(64)}`, size: 0 }, files };
}

describe('a hostile list of files', () => {
  test.each([
    ['a path that climbs', [file('../x')]],
    ['a path that climbs from inside', [file('a/../../x')]],
    ['an absolute path', [file('/etc/passwd')]],
    ['an empty name', [file('a//x')]],
    ['a name that ends in a slash', [file('a/')]],
    ['no name', [file('')]],
    ['the folder itself', [file('./x')]],
    ['.git', [file('.git/hooks/post-checkout')]],
    ['.GIT', [file('a/.GIT/config')]],
    ['.git as NTFS may spell it', [file('git~1')]],
    ['.git as HFS+ may spell it', [file('.g\u200cit/x')]],
    ['a path that climbs on Windows', [file('..\\x')]],
    ['a name that deletes in a layer', [file('.wh.x')]],
    ['a NUL', [file('a\0b')]],
    ['a name that is no text', [file('a\ud800')]],
    ['a file twice', [file('a'), file('a')]],
    ['a file and a folder of one name', [file('a'), file('a/b')]],
    ['a folder and a file of one name', [file('a/b'), file('a')]],
    ['a link and a file below it', [file('a', { kind: 'link', target: '/tmp' }), file('a/b')]],
    ['.gitmodules as a link', [file('.gitmodules', { kind: 'link', target: 'x' })]],
    [
      'a link to other than its digest says',
      [file('a', { kind: 'link', target: 'x', digest: sha256(Buffer.from('y')) })],
    ],
    ['very many folders', [file(`${'a/'.repeat(2000)}b`)]],
    ['another tree than is said', [file('a')]],
  ])('is refused: %s', (_, files) => {
    expect(() => listedTree(listing(...files))).toThrow(/refused what the server lists|target is not what/);
  });
});

describe('a list of files', () => {
  const name = fc.constantFrom('a', 'a.b', 'ab', 'b', 'B', 'é', 'x-1', 'x.1', 'z'.repeat(90));
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const content = fc.oneof(
    fc.string(),
    fc.string().map((run) => ({ run })),
    fc.stringMatching(/^[a-z./]{1,120}$/).map((link) => ({ link })),
  );

  test('makes the tree and the tar that the server has, in whatever order it comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(path, content, { minKeys: 1, noNullPrototype: true }), async (all) => {
        // No file may be a folder as well.
        const files = Object.fromEntries(
          Object.entries(all).filter(([one]) => !Object.keys(all).some((other) => other.startsWith(`${one}/`))),
        );
        const { version, manifest, listing, tar } = await sampleDefinition(files);
        const shuffled = { ...listing, files: listing.files.toReversed() };
        const definition = definitionFrom(version.digest, { manifests: [manifest], listing: shuffled });
        expect(definition.tree.oid).toBe(version.tree);
        expect(definition.tree.files).toEqual(listing.files);
        const wanted = new Set(listing.files.map(({ digest }) => digest));
        for (const { start, end, digest } of segmentsOf(definition, wanted))
          expect(sha256(tar.subarray(start, end))).toBe(digest);
      }),
      { numRuns: 60 },
    );
  });

  test('is refused where it is not that of the digest', async () => {
    const { version, manifest, listing } = await sampleDefinition({ a: 'x' }, { unnamed: true });
    const named = await sampleDefinition({ a: 'x' });
    const other = await sampleDefinition({ a: 'y', b: 'z' });
    expect(() => definitionFrom(other.version.digest, { manifests: [manifest], listing })).toThrow('is another');
    expect(() => definitionFrom(version.digest, { manifests: [manifest], listing: other.listing })).toThrow(
      'the layer',
    );
    const mixed = { ...other.listing, layer: listing.layer };
    const small = await sampleDefinition({ c: Buffer.alloc(20_000) });
    expect(() =>
      definitionFrom(version.digest, { manifests: [manifest], listing: { ...small.listing, layer: listing.layer } }),
    ).toThrow('a tar of');
    expect(() =>
      definitionFrom(named.version.digest, {
        manifests: [named.manifest],
        listing: { ...small.listing, layer: named.listing.layer },
      }),
    ).toThrow('makes the tree');
    // Of the same size: only the bytes tell.
    expect(() => definitionFrom(version.digest, { manifests: [manifest], listing: mixed })).not.toThrow();
  });

  test('of a container with an image hangs on the index', async () => {
    const { version, manifest, inner, listing } = await sampleDefinition(
      { a: 'x' },
      { kind: 'container', withImage: true },
    );
    expect(definitionFrom(version.digest, { manifests: [manifest, inner!], listing }).layer).toEqual(version.layer);
    expect(() => definitionFrom(version.digest, { manifests: [manifest, manifest], listing })).toThrow('is another');
    expect(() => definitionFrom(version.digest, { manifests: [manifest], listing })).toThrow('is another');
  });
});

describe('ranges of an archive', () => {
  test('put neighbours together, and leave wide gaps alone', () => {
    const ranges = archiveRanges([
      segment(512, 100),
      segment(1536, 100),
      segment(1536 + 100 + 16 * 1024, 1),
      segment(99_999, 5),
    ]);
    expect(ranges.map(({ start, end, segments }) => [start, end, segments.length])).toEqual([
      [512, 1636 + 16 * 1024 + 1, 3],
      [99_999, 100_004, 1],
    ]);
  });

  test('are no longer than is good for several at once', () => {
    const many = Array.from({ length: 100 }, (_, at) => segment(at * 1_000_000, 1_000_000));
    expect(archiveRanges(many).length).toBeGreaterThan(15);
  });
});

function segment(start: number, size: number): Parameters<typeof archiveRanges>[0][number] {
  return { path: String(start), digest: `sha256:${'0'.repeat(64)}`, start, end: start + size };
}
