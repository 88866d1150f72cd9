import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Breather } from '../../../lib/git/breather.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { GitError } from '../../../lib/git/error.ts';
import type { ObjectType } from '../../../lib/git/object-type.ts';
import { hashObject, type Oid } from '../../../lib/git/oid.ts';
import { Quarantine } from '../../../lib/git/quarantine.ts';
import { Connectivity } from '../../../lib/git/receive-pack/connectivity.ts';
import { encodeTree } from '../../../lib/git/tree.ts';
import { MODE_TREE } from '../../../lib/git/tree-mode.ts';
import { MemoryRepository } from './support/memory-repository.ts';
import { Spools } from './support/spools.ts';

/** A folder: text is a file, another folder is one within it. */
interface Folder {
  readonly [name: string]: string | Folder;
}

type Objects = Map<Oid, { type: ObjectType; content: Buffer }>;

const name = fc.constantFrom('a', 'b', 'c');
const folder = fc.letrec<{ folder: Folder }>((tie) => ({
  folder: fc.dictionary(name, fc.oneof({ maxDepth: 3 }, fc.constantFrom('x', 'y', 'z'), tie('folder')), { minKeys: 1 }),
})).folder;

function objectsOf(content: Folder | string, objects: Objects): Oid {
  const [type, bytes] =
    typeof content === 'string'
      ? (['blob', Buffer.from(content)] as const)
      : ([
          'tree',
          encodeTree(Object.entries(content).map(([name, inside]) => entryOf(name, inside, objects))),
        ] as const);
  const oid = hashObject(type, bytes);
  objects.set(oid, { type, content: bytes });
  return oid;
}

function entryOf(name: string, inside: Folder | string, objects: Objects): { mode: number; name: string; oid: Oid } {
  return { mode: typeof inside === 'string' ? 0o100644 : MODE_TREE, name, oid: objectsOf(inside, objects) };
}

it('what is missing is found or not found alike, beside a tree that is there and without one', async () => {
  const law = fc.asyncProperty(folder, folder, fc.nat(), fc.boolean(), async (before, after, which, isWhole) => {
    const [there, wanted]: [Objects, Objects] = [new Map(), new Map()];
    const [base, tip] = [objectsOf(before, there), objectsOf(after, wanted)];
    const repository = new MemoryRepository();
    for (const [oid, { type, content }] of there) {
      const kept = { type, size: content.length, encoding: 'zlib' as const, digest: sha256(content) };
      repository.kept.set(oid, { ...kept, body: deflateSync(content) });
    }
    const { openSpool } = new Spools();
    const pushed = new Quarantine(openSpool(), openSpool());
    const lost = isWhole ? undefined : [...wanted.keys()][which % wanted.size];
    for (const [oid, { type, content }] of wanted) if (oid !== lost) await pushed.make(type, content);
    const verdicts: string[] = [];
    for (const beside of [undefined, base]) {
      const connectivity = new Connectivity(pushed, repository.objects, new Breather());
      const checked = connectivity.check(tip, 'tree', beside).then(() => {
        const reached = [...connectivity.reached].filter((oid) => !there.has(oid));
        return reached.toSorted((a, b) => (a < b ? -1 : 1)).join(' ');
      });
      verdicts.push(await checked.catch((error: unknown) => (error as GitError).code));
    }
    await pushed.close();
    const isMissing = lost !== undefined && !there.has(lost);
    expect(verdicts[0] === 'object-missing').toBe(isMissing);
    expect(verdicts[1]).toBe(verdicts[0]);
  });
  await fc.assert(law, { numRuns: 300 });
});
