import { describe, expect, it } from 'vitest';
import { checkObject } from '../../../lib/git/check-object.ts';
import { checkTree } from '../../../lib/git/check-tree.ts';
import { GitError } from '../../../lib/git/error.ts';
import { treeBytes } from './support/tree-bytes.ts';

function faultOf(body: () => void): string {
  try {
    body();
  } catch (error) {
    if (error instanceof GitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

const treeFault = (...entries: (readonly [string, string | Uint8Array, string?])[]) =>
  faultOf(() => checkTree(treeBytes(entries), 'folder/'));

describe('a tree is refused for', () => {
  it.each([
    ['a whiteout', '.wh.file', 'begins with ".wh."'],
    ['an opaque whiteout', '.wh..wh..opq', 'begins with ".wh."'],
    ['.git', '.git', 'takes for ".git"'],
    ['.git in other case', '.GiT', 'takes for ".git"'],
    ['.git with a code point that HFS+ ignores', '.g\u200cit', 'takes for ".git"'],
    ['.git behind a byte order mark', '\ufeff.git', 'takes for ".git"'],
    ['.git with a direction mark', '.git\u202e', 'takes for ".git"'],
    ['the short name of .git on NTFS', 'git~1', 'takes for ".git"'],
    ['that short name in capitals', 'GIT~1', 'takes for ".git"'],
    ['.git with a trailing dot', '.git.', 'takes for ".git"'],
    ['.git with a trailing space', '.git ', 'takes for ".git"'],
    ['.git with dots and spaces', '.git . .', 'takes for ".git"'],
    ['a stream of .git', '.git::$INDEX_ALLOCATION', 'takes for ".git"'],
    ['a stream of the short name', 'git~1:x', 'takes for ".git"'],
    ['.git behind a backslash', 'a\\.git', 'takes for ".git"'],
    ['.git before a backslash', '.git\\hooks', 'takes for ".git"'],
    ['the folder itself', '.', 'leaves its directory'],
    ['the folder above', '..', 'leaves its directory'],
    ['the folder above, behind a backslash', 'a\\..\\b', 'leaves its directory'],
    ['an empty name', '', 'an empty name'],
    ['a slash', 'a/b', 'a slash inside a name'],
    ['an absolute path', '/etc', 'a slash inside a name'],
    ['a very long name', 'n'.repeat(4097), 'more than 4096 bytes'],
  ])('%s', (_, name, message) => {
    const fault = treeFault(['100644', name]);
    expect(fault).toMatch(/^forbidden-content: folder\//);
    expect(fault).toContain(message);
  });

  it('a name that is not UTF-8', () => {
    for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0x2e, 0x80]]) {
      expect(treeFault(['100644', Buffer.from(bytes)])).toContain('not UTF-8');
    }
  });

  it.each(['100664', '100600', '100777', '0', '40755', '120777', '170000'])('the odd mode %s', (mode) => {
    expect(treeFault([mode, 'a'])).toContain('a mode that');
  });

  it('a mode with a zero in front', () => {
    expect(treeFault(['040000', 'a'])).toContain('begins with zero');
  });

  it('a submodule', () => {
    expect(treeFault(['160000', 'a'])).toContain('a submodule');
  });

  it('a link named .gitmodules, however it is spelled', () => {
    for (const name of ['.gitmodules', '.GitModules', '.gitmodules.', 'gitmod~1', '.git\u200cmodules']) {
      expect(treeFault(['120000', name])).toContain('symbolic link');
      expect(treeFault(['100644', name])).toBe('none');
    }
  });

  it('an entry that points nowhere', () => {
    expect(treeFault(['100644', 'a', '0'.repeat(40)])).toContain('null object id');
  });

  it('a name that comes twice', () => {
    expect(treeFault(['100644', 'a'], ['100644', 'a'])).toContain('twice');
    expect(treeFault(['100644', 'a'], ['40000', 'a'])).toContain('twice');
    expect(treeFault(['100644', 'a'], ['100644', 'a.b'], ['40000', 'a'])).toContain('twice');
    expect(
      treeFault(['100644', 'a'], ['100644', 'a-'], ['100644', 'a-b'], ['100644', 'a.b'], ['40000', 'a']),
    ).toContain('twice');
  });

  it('names out of order', () => {
    expect(treeFault(['100644', 'b'], ['100644', 'a'])).toContain('out of order');
    expect(treeFault(['40000', 'a'], ['100644', 'a.b'])).toContain('out of order');
    expect(treeFault(['100644', 'a0'], ['40000', 'a'])).toContain('out of order');
    expect(treeFault(['100644', 'ab'], ['100644', 'a'])).toContain('out of order');
  });

  it('bytes that are no tree', () => {
    const whole = treeBytes([['100644', 'a']]);
    for (let length = 1; length < whole.length; length += 1) {
      expect(faultOf(() => checkTree(whole.subarray(0, length)))).toMatch(/^bad-object: malformed tree/);
    }
    expect(faultOf(() => checkTree(Buffer.from(' a\0'.padEnd(30))))).toMatch(/^bad-object/);
    expect(faultOf(() => checkTree(treeBytes([['100648', 'a']])))).toMatch(/^bad-object/);
    expect(faultOf(() => checkTree(treeBytes([['1'.repeat(40), 'a']])))).toMatch(/^bad-object/);
  });
});

describe('a tree is taken with', () => {
  it.each([
    '.gitignore',
    '.gitattributes',
    '.github',
    'git',
    'git~2',
    '.wh',
    'a.wh.b',
    '...',
    '..a',
    'Größe ✓',
    '日本語',
    'a:b',
    'con',
    ' ',
    '.g it',
    'é',
    'e\u0301',
  ])('the name "%s"', (name) => {
    expect(treeFault(['100644', name])).toBe('none');
  });

  it('names in the order of Git, which puts a slash behind folders', () => {
    expect(treeFault(['100644', 'a'], ['100644', 'a.b'], ['40000', 'a.c'], ['40000', 'ab'], ['100644', 'b'])).toBe(
      'none',
    );
    expect(treeFault(['100644', 'a-b'], ['40000', 'a'], ['100644', 'a0'])).toBe('none');
    expect(treeFault(['100755', 'A'], ['120000', 'B'], ['100644', 'a'])).toBe('none');
  });

  it('nothing in it', () => {
    expect(treeFault()).toBe('none');
  });
});

const TREE = `tree ${'1'.repeat(40)}\n`;
const PARENT = `parent ${'2'.repeat(40)}\n`;
const AUTHOR = 'author A U Thor <a@example.com> 1577836800 +0100\n';
const COMMITTER = 'committer C <c@example.com> 0 -0000\n';

const commitFault = (text: string) => faultOf(() => checkObject('commit', Buffer.from(text, 'latin1')));

describe('a commit', () => {
  it.each([
    ['ordinary', `${TREE}${PARENT}${AUTHOR}${COMMITTER}\nmessage\n`],
    ['without parents', `${TREE}${AUTHOR}${COMMITTER}\nmessage`],
    ['with many parents', `${TREE}${PARENT}${PARENT}${AUTHOR}${COMMITTER}\n`],
    ['without a message', `${TREE}${AUTHOR}${COMMITTER}`],
    ['signed', `${TREE}${AUTHOR}${COMMITTER}gpgsig -----BEGIN\n line\n \n end\nencoding latin1\n\nm`],
    ['by nobody', `${TREE}author  <> 1 +0000\n${COMMITTER}\n`],
    ['of which the message is no UTF-8', `${TREE}${AUTHOR}${COMMITTER}\n\xff\n`],
  ])('%s is taken', (_, text) => {
    expect(commitFault(text)).toBe('none');
  });

  it.each([
    ['empty', ''],
    ['without a tree', `${AUTHOR}${COMMITTER}\n`],
    ['with a short tree', `tree 1234\n${AUTHOR}${COMMITTER}\n`],
    [
      'with a tree in capitals',
      `${TREE.toUpperCase().replace('TREE', 'tree').replaceAll('1', 'A')}${AUTHOR}${COMMITTER}\n`,
    ],
    ['with parents before the tree', `${PARENT}${TREE}${AUTHOR}${COMMITTER}\n`],
    ['with parents after the author', `${TREE}${AUTHOR}${PARENT}${COMMITTER}\n`],
    ['without an author', `${TREE}${COMMITTER}\n`],
    ['with two authors', `${TREE}${AUTHOR}${AUTHOR}${COMMITTER}\n`],
    ['with a second author behind', `${TREE}${AUTHOR}${COMMITTER}${AUTHOR}\n`],
    ['without a committer', `${TREE}${AUTHOR}\n`],
    ['whose author has no email', `${TREE}author A 1 +0000\n${COMMITTER}\n`],
    ['whose author has no name and no space', `${TREE}author <a@b> 1 +0000\n${COMMITTER}\n`],
    ['whose email is not closed', `${TREE}author A <a@b 1 +0000\n${COMMITTER}\n`],
    ['whose email is doubled', `${TREE}author A <a<b> 1 +0000\n${COMMITTER}\n`],
    ['whose name closes an email', `${TREE}author A> <a@b> 1 +0000\n${COMMITTER}\n`],
    ['without a space before the email', `${TREE}author A<a@b> 1 +0000\n${COMMITTER}\n`],
    ['without a date', `${TREE}author A <a@b>\n${COMMITTER}\n`],
    ['with a padded date', `${TREE}author A <a@b> 01 +0000\n${COMMITTER}\n`],
    ['with a negative date', `${TREE}author A <a@b> -1 +0000\n${COMMITTER}\n`],
    ['with a date out of range', `${TREE}author A <a@b> ${'9'.repeat(30)} +0000\n${COMMITTER}\n`],
    ['without a zone', `${TREE}author A <a@b> 1\n${COMMITTER}\n`],
    ['with a short zone', `${TREE}author A <a@b> 1 +100\n${COMMITTER}\n`],
    ['with a zone without a sign', `${TREE}author A <a@b> 1 0100\n${COMMITTER}\n`],
    ['with NUL in its header', `${TREE}${AUTHOR.replace('U', '\0')}${COMMITTER}\n`],
    ['with NUL in its message', `${TREE}${AUTHOR}${COMMITTER}\na\0b`],
    ['with an unterminated header', `${TREE}${AUTHOR}${COMMITTER}encoding`],
    ['that points at the null id', `tree ${'0'.repeat(40)}\n${AUTHOR}${COMMITTER}\n`],
    ['whose parent is the null id', `${TREE}parent ${'0'.repeat(40)}\n${AUTHOR}${COMMITTER}\n`],
  ])('%s is refused', (_, text) => {
    expect(commitFault(text)).toMatch(/^(bad-object|forbidden-content): /);
  });
});

const tagFault = (text: string) => faultOf(() => checkObject('tag', Buffer.from(text, 'latin1')));

describe('a tag', () => {
  const OBJECT = `object ${'1'.repeat(40)}\n`;
  const TAGGER = 'tagger T <t@example.com> 1 +0000\n';

  it.each([
    ['ordinary', `${OBJECT}type commit\ntag v1.0.0\n${TAGGER}\nmessage\n`],
    ['from before taggers', `${OBJECT}type commit\ntag v0.99\n\nold\n`],
    ['of a blob', `${OBJECT}type blob\ntag key\n${TAGGER}\n`],
  ])('%s is taken', (_, text) => {
    expect(tagFault(text)).toBe('none');
  });

  it.each([
    ['without an object', `type commit\ntag v1\n${TAGGER}\n`],
    ['of an odd type', `${OBJECT}type folder\ntag v1\n${TAGGER}\n`],
    ['without a type', `${OBJECT}tag v1\n${TAGGER}\n`],
    ['without a name', `${OBJECT}type commit\n${TAGGER}\n`],
    ['with an impossible name', `${OBJECT}type commit\ntag a..b\n${TAGGER}\n`],
    ['with a broken tagger', `${OBJECT}type commit\ntag v1\ntagger T\n\n`],
    ['of the null id', `object ${'0'.repeat(40)}\ntype commit\ntag v1\n${TAGGER}\n`],
    ['with NUL in its header', `${OBJECT}type commit\ntag v\0\n${TAGGER}\n`],
  ])('%s is refused', (_, text) => {
    expect(tagFault(text)).toMatch(/^(bad-object|forbidden-content): /);
  });
});

describe('a name from a hostile tree', () => {
  it('reaches a message without what a terminal would obey', () => {
    expect(treeFault(['100664', '\u001b[31mred\u0007\u202e'])).toContain('folder/?[31mred??: ');
  });
});
