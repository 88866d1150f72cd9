import { describe, expect, it } from 'vitest';
import { encodeTree } from '../../../lib/git/tree.ts';
import { listTree } from '../../../lib/git/tree-listing.ts';
import { tarEntries } from '../../../lib/git/tree-tar.ts';
import { UnionSource } from '../../../lib/git/union-source.ts';
import { peelRefs } from '../../../lib/git/walk/peel.ts';
import { plant, plantTree } from '../encoding/tar-trees.ts';
import { MemoryRepository } from './support/memory-repository.ts';

async function pathsOf(...args: Parameters<typeof listTree>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of listTree(...args)) paths.push(path);
  return paths;
}

describe('a listing', () => {
  it('names every path, folders first, in the order of the tree', async () => {
    const repository = new MemoryRepository();
    const content = { kind: 'file', content: 'x' } as const;
    const tree = plantTree(repository, { 'b/z': content, 'b/a/x': content, 'b.c': content, a: content, é: content });
    expect(await pathsOf(repository.objects, tree)).toEqual(['a', 'b.c', 'b', 'b/a', 'b/a/x', 'b/z', 'é']);
  });

  it('of a tree that holds itself many times over ends at its limit', async () => {
    const repository = new MemoryRepository();
    let tree = plantTree(repository, { leaf: { kind: 'file', content: 'x' } });
    for (let depth = 0; depth < 30; depth += 1) {
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      tree = plant(repository, 'tree', encodeTree(names.map((name) => ({ mode: 0o40000, name, oid: tree }))));
    }
    await expect(pathsOf(repository.objects, tree, { maxPaths: 5000 })).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
  });

  it('refuses what the repository lacks, and what is no tree', async () => {
    const repository = new MemoryRepository();
    const blob = plant(repository, 'blob', 'x');
    const holed = plant(repository, 'tree', encodeTree([{ mode: 0o40000, name: 'a', oid: '1'.repeat(40) }]));
    const module = plant(repository, 'tree', encodeTree([{ mode: 0o160000, name: 'm', oid: blob }]));
    await expect(pathsOf(repository.objects, blob)).rejects.toMatchObject({ code: 'bad-object' });
    await expect(pathsOf(repository.objects, holed)).rejects.toMatchObject({ code: 'object-missing' });
    await expect(tarEntries(repository.objects, module)).rejects.toMatchObject({ code: 'forbidden-content' });
    const lost = plant(repository, 'tree', encodeTree([{ mode: 0o100644, name: 'a', oid: '1'.repeat(40) }]));
    await expect(tarEntries(repository.objects, lost)).rejects.toMatchObject({ code: 'object-missing' });
  });
});

describe('two sources as one', () => {
  it('answer in the order asked for, each from where it is', async () => {
    const [first, second] = [new MemoryRepository(), new MemoryRepository()];
    const oids = ['a', 'b', 'c', 'd'].map((text, at) => plant(at % 2 === 0 ? first : second, 'blob', text));
    const union = new UnionSource(first.objects, second.objects);
    expect([...(await union.stat([...oids, '1'.repeat(40)])).keys()].toSorted()).toEqual(oids.toSorted());
    const read: string[] = [];
    for await (const { oid } of union.read(oids)) read.push(oid);
    expect(read).toEqual(oids);
    const missing = union.read([oids[0]!, '1'.repeat(40)]);
    await missing.next();
    await expect(missing.next()).rejects.toMatchObject({ code: 'object-missing' });
  });
});

describe('what a tag ends at', () => {
  it('is not looked up where the repository says it', async () => {
    const refs = [
      { name: 'refs/tags/a', oid: '1'.repeat(40), peeled: '2'.repeat(40) },
      { name: 'refs/tags/b', oid: '3'.repeat(40), peeled: null },
    ];
    const none = new MemoryRepository();
    expect([...(await peelRefs(none.objects, refs))]).toEqual([['refs/tags/a', '2'.repeat(40)]]);
  });
});
