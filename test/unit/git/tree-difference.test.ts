import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Breather } from '../../../lib/git/breather.ts';
import { treeDifference, type DifferentPath } from '../../../lib/git/tree-difference.ts';
import type { ObjectSource } from '../../../lib/git/object-source.ts';
import { makeTree, type MadeTree } from '../../support/publishing.ts';
import type { SampleFile, SampleFiles } from '../../support/sample-definition.ts';
import { hashObject, type Oid } from '../../../lib/git/oid.ts';

/** Few names, of which some begin others, so that files stand where folders stood. */
const part = fc.constantFrom('a', 'a.b', 'a-', 'b', 'ab', 'é', '￿', '\u{1f3b1}');
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const file: fc.Arbitrary<SampleFile> = fc.oneof(
  fc.constantFrom('', 'x', 'y'),
  fc.constantFrom({ run: 'x' }, { link: 'x' }, { link: 'a' }),
);
const files: fc.Arbitrary<SampleFiles> = fc
  .array(fc.tuple(path, file), { maxLength: 8 })
  .map((entries) => Object.fromEntries(entries.filter(([one], at) => isFree(one, entries.slice(0, at)))));

function isFree(one: string, before: readonly (readonly [string, unknown])[]): boolean {
  return before.every(([other]) => one !== other && !one.startsWith(`${other}/`) && !other.startsWith(`${one}/`));
}

/** The same files with some changes, so that much is the same. */
const pair = fc.oneof(
  fc.tuple(files, files),
  fc.tuple(files, files).map(([one, more]) => [one, without(one, more)] as [SampleFiles, SampleFiles]),
);

function without(one: SampleFiles, more: SampleFiles): SampleFiles {
  const entries = [...Object.entries(one).filter(([name]) => !(name in more)), ...Object.entries(more)];
  return Object.fromEntries(entries.filter(([name], at) => isFree(name, entries.slice(0, at))));
}

interface State {
  readonly mode: number;
  readonly oid: Oid;
}

function stateOf(given: SampleFile): State {
  if (typeof given === 'string' || Buffer.isBuffer(given))
    return { mode: 0o100644, oid: hashObject('blob', Buffer.from(given)) };
  if ('run' in given) return { mode: 0o100755, oid: hashObject('blob', Buffer.from(given.run)) };
  return { mode: 0o120000, oid: hashObject('blob', Buffer.from(given.link)) };
}

/** Looks at every path of both. */
function naive(from: SampleFiles, to: SampleFiles): Map<string, DifferentPath> {
  const different = new Map<string, DifferentPath>();
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]].map((one) => (one === undefined ? undefined : stateOf(one)));
    if (before?.oid === after?.oid && before?.mode === after?.mode) continue;
    different.set(name, { path: name, ...(before && { from: before }), ...(after && { to: after }) });
  }
  return different;
}

/** Counts which objects are read. */
function sourceOf(...trees: readonly MadeTree[]): { source: ObjectSource; read: Oid[] } {
  const objects = new Map(trees.flatMap(({ objects: each }) => [...each]));
  const read: Oid[] = [];
  const typeOf = (oid: Oid): 'tree' | 'blob' => (objects.get(oid)?.code === 2 ? 'tree' : 'blob');
  return {
    read,
    source: {
      stat: (oids) =>
        Promise.resolve(
          new Map(oids.map((oid) => [oid, { type: typeOf(oid), size: objects.get(oid)!.content.length }] as const)),
        ),
      async *read(oids) {
        for (const oid of oids) {
          read.push(oid);
          const body = await Promise.resolve(Buffer.from(objects.get(oid)!.content));
          yield { oid, type: typeOf(oid), size: body.length, encoding: 'raw', body };
        }
      },
    },
  };
}

async function difference(from: MadeTree, to: MadeTree): Promise<{ paths: DifferentPath[]; read: Oid[] }> {
  const { source, read } = sourceOf(from, to);
  const paths: DifferentPath[] = [];
  for await (const one of treeDifference(source, from.oid, to.oid, new Breather())) paths.push(one);
  return { paths, read };
}

describe('the difference of two trees', () => {
  test('is what a look at every path finds, each path once', async () => {
    await fc.assert(
      fc.asyncProperty(pair, async ([from, to]) => {
        const { paths } = await difference(makeTree(from), makeTree(to));
        const expected = naive(from, to);
        expect(paths).toHaveLength(expected.size);
        expect(new Map(paths.map((one) => [one.path, one]))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('is nothing between a tree and itself, and the same backwards', async () => {
    await fc.assert(
      fc.asyncProperty(pair, async ([from, to]) => {
        const [one, other] = [makeTree(from), makeTree(to)];
        expect(await difference(one, one)).toEqual({ paths: [], read: [] });
        const turned = (await difference(other, one)).paths.map(({ path: name, from: after, to: before }) => {
          return { path: name, ...(before && { from: before }), ...(after && { to: after }) };
        });
        const { paths } = await difference(one, other);
        expect(new Set(turned.map((each) => JSON.stringify(each)))).toEqual(
          new Set(paths.map((each) => JSON.stringify(each))),
        );
      }),
    );
  });

  test('looks into no folder that is the same, and reads no file', async () => {
    const same = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`same/${at % 5}/${at}`, `${at}`]));
    const [from, to] = [makeTree({ ...same, 'other/a': '1' }), makeTree({ ...same, 'other/a': '2' })];
    const { paths, read } = await difference(from, to);
    expect(paths.map(({ path: name }) => name)).toEqual(['other/a']);
    expect(read).toHaveLength(4);
  });
});
