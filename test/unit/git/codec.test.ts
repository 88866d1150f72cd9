import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Commit, encodeCommit, parseCommit } from '../../../lib/git/commit.ts';
import { GitError } from '../../../lib/git/error.ts';
import type { Ident } from '../../../lib/git/ident.ts';
import { EMPTY_TREE, hashObject } from '../../../lib/git/oid.ts';
import { isRefName, RefFolders } from '../../../lib/git/ref-name.ts';
import { encodeTag, parseTag, type Tag } from '../../../lib/git/tag.ts';
import { encodeTree, parseTree, type TreeEntry } from '../../../lib/git/tree.ts';
import { checkTree } from '../../../lib/git/check-tree.ts';
import { git, gitBytes, temporaryFolder, tryGit } from './support/git-command.ts';
import { treeBytes } from './support/tree-bytes.ts';

const folder = temporaryFolder();
beforeAll(() => git(folder.path, 'init', '-q'));
afterAll(() => folder.remove());

const oid = fc.stringMatching(/^[1-9a-f][0-9a-f]{39}$/);
const word = fc.stringMatching(/^[^<>\n\0]{0,20}$/u);
const ident: fc.Arbitrary<Ident> = fc.record({
  name: word,
  email: word,
  seconds: fc.nat(),
  zone: fc.stringMatching(/^[+-]\d{4}$/),
});
const message = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
const extra = fc.array(
  fc.record({
    key: fc.constantFrom('gpgsig', 'encoding', 'mergetag', 'x-note'),
    value: fc
      .array(fc.stringMatching(/^[ -~]{0,20}$/), { minLength: 1, maxLength: 4 })
      .map((lines) => lines.join('\n')),
  }),
  { maxLength: 3 },
);
const commit: fc.Arbitrary<Commit> = fc.record({
  tree: oid,
  parents: fc.array(oid, { maxLength: 3 }),
  author: ident,
  committer: ident,
  extra,
  message,
});
const tag: fc.Arbitrary<Tag> = fc.record({
  object: oid,
  type: fc.constantFrom('commit' as const, 'tree' as const, 'blob' as const, 'tag' as const),
  name: fc.stringMatching(/^v\d\.\d$/),
  tagger: fc.option(ident, { nil: undefined }),
  extra: fc.constant([]),
  message,
});
const entry: fc.Arbitrary<TreeEntry> = fc.record({
  mode: fc.constantFrom(0o40000, 0o100644, 0o100755, 0o120000),
  name: fc.stringMatching(/^[a-c.\-0]{1,4}$/).filter((name) => name !== '.' && name !== '..'),
  oid,
});
const entries = fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 12 });

const names = (list: readonly TreeEntry[]) => new Map(list.map((one) => [one.name, one]));

describe('an object that was written', () => {
  it('reads back the same', () => {
    fc.assert(
      fc.property(commit, (each) => {
        expect(parseCommit(encodeCommit(each))).toEqual(each);
      }),
    );
    fc.assert(
      fc.property(tag, (each) => {
        expect(parseTag(encodeTag(each))).toEqual(each);
      }),
    );
    fc.assert(
      fc.property(entries, (each) => {
        expect(names(parseTree(encodeTree(each)))).toEqual(names(each));
      }),
    );
  });

  it('passes the checker when it is a tree, in whatever order its entries came', () => {
    fc.assert(
      fc.property(entries, (each) => {
        checkTree(encodeTree(each));
        expect(encodeTree(each.toReversed())).toEqual(encodeTree(each));
      }),
    );
  });

  it('has the id that git gives it, and the tree that git makes', async () => {
    const blob = (await gitBytes(folder.path, ['hash-object', '-w', '--stdin'], { input: 'content' }))
      .toString()
      .trim();
    expect(hashObject('blob', Buffer.from('content'))).toBe(blob);
    expect(hashObject('tree', Buffer.alloc(0))).toBe(EMPTY_TREE);
    const rows = ['a', 'a.b', 'ab', 'a-b', 'Größe'].map((name) => ({ mode: 0o100644, name, oid: blob }));
    const all = [
      ...rows,
      { mode: 0o40000, name: 'a0', oid: EMPTY_TREE },
      { mode: 0o40000, name: 'a-', oid: EMPTY_TREE },
    ];
    const input = all.map(
      ({ mode, name, oid }) => `${mode.toString(8)} ${mode === 0o40000 ? 'tree' : 'blob'} ${oid}\t${name}\0`,
    );
    const tree = await gitBytes(folder.path, ['mktree', '-z', '--missing'], { input: input.join('') });
    expect(hashObject('tree', encodeTree(all))).toBe(tree.toString().trim());
  });

  it('passes git fsck when it is a commit or a tag', async () => {
    const who = { name: 'A', email: 'a@b', seconds: 1, zone: '+0000' };
    const bytes = encodeCommit({
      tree: EMPTY_TREE,
      parents: [],
      author: who,
      committer: who,
      extra: [],
      message: 'm\n',
    });
    const id = await gitBytes(folder.path, ['hash-object', '-t', 'commit', '-w', '--stdin'], { input: bytes });
    expect(id.toString().trim()).toBe(hashObject('commit', bytes));
    const tagged = encodeTag({
      object: id.toString().trim(),
      type: 'commit',
      name: 'v1',
      tagger: who,
      extra: [],
      message: 'm\n',
    });
    expect((await tryGit(folder.path, ['mktag', '--strict'], { input: tagged })).code).toBe(0);
  });
});

/** Any other error than ours is a fault, and thrown on. */
function outcome(body: () => unknown): string {
  try {
    body();
    return 'read';
  } catch (error) {
    if (error instanceof GitError) return 'refused';
    throw error;
  }
}

describe('a reader of objects', () => {
  it('ends in an object or in a GitError, whatever the bytes', () => {
    const seed = Buffer.from(
      encodeCommit({ tree: EMPTY_TREE, parents: [EMPTY_TREE], author: WHO, committer: WHO, extra: [], message: 'm' }),
    );
    const law = fc.property(
      fc.nat(seed.length - 1),
      fc.nat(255),
      fc.uint8Array({ maxLength: 60 }),
      (at, byte, noise) => {
        const changed = Buffer.from(seed);
        changed[at] = byte;
        for (const bytes of [changed, noise]) {
          for (const read of [parseCommit, parseTag, parseTree]) {
            expect(['read', 'refused']).toContain(outcome(() => read(bytes)));
          }
        }
      },
    );
    fc.assert(law, { numRuns: 500 });
  });
});

const WHO: Ident = { name: 'A', email: 'a@b', seconds: 1, zone: '+0000' };

describe('a writer', () => {
  it('refuses two entries of one name', () => {
    const twice = [
      { mode: 0o100644, name: 'a', oid: EMPTY_TREE },
      { mode: 0o40000, name: 'a', oid: EMPTY_TREE },
    ];
    expect(() => encodeTree(twice)).toThrow(GitError);
  });

  it('refuses an author who would break the line', () => {
    const bad = { ...WHO, name: 'A\ncommitter B' };
    expect(() =>
      encodeCommit({ tree: EMPTY_TREE, parents: [], author: bad, committer: WHO, extra: [], message: '' }),
    ).toThrow(GitError);
  });
});

const folders = (...names: string[]) => new RefFolders(new Set(names));

describe('a ref name', () => {
  const names = [
    'refs/heads/main',
    'refs/heads/a/b',
    'refs/tags/v1.0.0',
    'refs/pins/ü',
    'refs/heads/a..b',
    'refs/heads/.a',
    'refs/heads/a.lock',
    'refs/heads/a.lock/b',
    'refs/heads/a b',
    'refs/heads/a~1',
    'refs/heads/a^',
    'refs/heads/a:',
    'refs/heads/a?',
    'refs/heads/a[',
    'refs/heads/a*',
    'refs/heads/a\\b',
    'refs/heads//a',
    'refs/heads/a/',
    'refs/heads/a.',
    'refs/heads/@{a',
    'refs/heads/@',
    'refs/heads/a\u007f',
    'refs/heads/-a',
  ];

  it.each(names)('%s is judged as git check-ref-format judges it', async (name) => {
    expect(isRefName(name)).toBe((await tryGit(folder.path, ['check-ref-format', name])).code === 0);
  });

  it('outside refs/ is none', () => {
    expect(isRefName('HEAD')).toBe(false);
    expect(isRefName('heads/main')).toBe(false);
  });

  it('that is the folder of another is found', () => {
    expect(folders('refs/heads/b', 'refs/heads/a/b').conflict('refs/heads/a')).toBe('refs/heads/a/b');
    expect(folders('refs/heads/a').conflict('refs/heads/a/b/c')).toBe('refs/heads/a');
    expect(folders('refs/heads/ab', 'refs/heads/a').conflict('refs/heads/a')).toBeUndefined();
  });
});

const key = ([isTree, each]: readonly [boolean, string]) => (isTree ? `${each}/` : `${each}\0`);

describe('the order of a tree', () => {
  it('is judged as a naive reading of the rules judges it', () => {
    const name = fc.stringMatching(/^[ab.\-0]{1,3}$/).filter((each) => each !== '.' && each !== '..');
    const rows = fc.array(fc.tuple(fc.boolean(), name), { maxLength: 6 });
    const law = fc.property(rows, fc.boolean(), (some, sorted) => {
      const all = sorted ? some.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) : some;
      const isGood =
        new Set(all.map(([, each]) => each)).size === all.length &&
        all.every((row, at) => at === 0 || key(all[at - 1]!) < key(row));
      const bytes = treeBytes(all.map(([isTree, each]) => [isTree ? '40000' : '100644', each] as const));
      expect(outcome(() => checkTree(bytes))).toBe(isGood ? 'read' : 'refused');
    });
    fc.assert(law, { numRuns: 3000 });
  });
});
