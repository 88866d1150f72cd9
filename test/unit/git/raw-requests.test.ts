import * as fc from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeCommit } from '../../../lib/git/commit.ts';
import { hashObject, NULL_OID, type Oid } from '../../../lib/git/oid.ts';
import { DELIMITER, FLUSH, textPacket } from '../../../lib/git/pkt-line.ts';
import { advertiseReceivePack } from '../../../lib/git/receive-pack/receive-pack.ts';
import { encodeTag } from '../../../lib/git/tag.ts';
import { encodeTree } from '../../../lib/git/tree.ts';
import { advertiseUploadPack } from '../../../lib/git/upload-pack/upload-pack.ts';
import { unpack } from '../../../lib/git/pack-reader.ts';
import { git, gitBytes, temporaryFolder } from './support/git-command.ts';
import { gather, MemoryRepository } from './support/memory-repository.ts';
import { packOf, type RawEntry } from './support/pack-builder.ts';
import { linesOf, RawClient } from './support/raw-client.ts';
import { sampleRepository } from './support/sample-repository.ts';
import { chunked, Spools } from './support/spools.ts';

const folder = temporaryFolder();
const sample = join(folder.path, 'sample');
const full = new MemoryRepository();
const tips = new Map<string, Oid>();

beforeAll(async () => {
  await sampleRepository(sample);
  const pack = await gitBytes(sample, ['pack-objects', '--stdout', '-q', '--all'], { input: '' });
  const refs = (await git(sample, 'for-each-ref', '--format=%(refname) %(objectname)')).split('\n');
  const commands = refs.map((line, at) => {
    const [name, oid] = line.split(' ') as [string, string];
    tips.set(name, oid);
    return textPacket(`${NULL_OID} ${oid} ${name}${at === 0 ? '\0report-status' : ''}`);
  });
  await new RawClient(full).push(Buffer.concat([...commands, FLUSH, pack]));
  tips.set('main~1', await git(sample, 'rev-parse', 'main~1'));
  tips.set('main~4', await git(sample, 'rev-parse', 'main~4'));
  tips.set('story', await git(sample, 'rev-parse', 'main:story.txt'));
});
afterAll(() => folder.remove());

const tip = (name: string) => tips.get(name)!;
const lines = (...texts: (string | Buffer)[]) =>
  Buffer.concat(texts.map((text) => (typeof text === 'string' ? textPacket(text) : text)));
const command = (name: string, ...args: string[]) => lines(`command=${name}`, 'agent=test', DELIMITER, ...args, FLUSH);

describe('an advertisement', () => {
  it('of version 2 names what works', async () => {
    expect(await linesOf(await gather(advertiseUploadPack(full, 2, { agent: 'assay/1' })))).toEqual([
      'version 2',
      'agent=assay/1',
      'ls-refs=unborn',
      'fetch=shallow wait-for-done filter',
      'object-format=sha1',
      'object-info',
      'flush',
    ]);
  });

  it('of version 0 lists HEAD first, refs in order, and what tags end at', async () => {
    const answer = await linesOf(await gather(advertiseUploadPack(full, 0, { agent: 'assay/1' })));
    expect(answer.map((line) => line.split('\0')[0]!.replace(/^[0-9a-f]{40} /, ''))).toEqual([
      '# service=git-upload-pack',
      'flush',
      'HEAD',
      'refs/heads/main',
      'refs/heads/side',
      'refs/tags/light',
      'refs/tags/v1.0.0',
      'refs/tags/v1.0.0^{}',
      'flush',
    ]);
    expect(answer[2]).toContain(' symref=HEAD:refs/heads/main ');
    expect(answer[2]).not.toMatch(/multi_ack |thin-pack|ofs-delta/);
  });

  it('of an empty repository carries its capabilities all the same', async () => {
    const empty = new MemoryRepository();
    const fetching = await linesOf(await gather(advertiseUploadPack(empty, 0, { agent: 'a' })));
    const pushing = await linesOf(await gather(advertiseReceivePack(empty, { agent: 'a' })));
    expect([fetching[2], pushing[2]].map((line) => line!.split('\0')[0])).toEqual([
      `${NULL_OID} capabilities^{}`,
      `${NULL_OID} capabilities^{}`,
    ]);
  });
});

const list = async (...args: string[]) => linesOf(await new RawClient(full).fetch(2, command('ls-refs', ...args)));

describe('ls-refs', () => {
  it('lists all, or what begins as asked', async () => {
    expect(await list()).toHaveLength(6);
    expect(await list('ref-prefix refs/tags/', 'peel')).toEqual([
      `${tip('refs/tags/light')} refs/tags/light`,
      `${tip('refs/tags/v1.0.0')} refs/tags/v1.0.0 peeled:${await git(sample, 'rev-parse', 'v1.0.0^{}')}`,
      'flush',
    ]);
    expect(await list('symrefs', 'ref-prefix HEAD')).toEqual([
      `${tip('refs/heads/main')} HEAD symref-target:refs/heads/main`,
      'flush',
    ]);
  });

  it('tells of a HEAD that is not born yet', async () => {
    const answer = await new RawClient(new MemoryRepository()).fetch(2, command('ls-refs', 'symrefs', 'unborn'));
    expect(await linesOf(answer)).toEqual(['unborn HEAD symref-target:refs/heads/main', 'flush']);
  });
});

describe('object-info', () => {
  it('tells sizes of objects that are here', async () => {
    const request = command('object-info', 'size', `oid ${tip('story')}`, `oid ${'1'.repeat(40)}`);
    expect(await linesOf(await new RawClient(full).fetch(2, request))).toEqual([
      'size',
      `${tip('story')} ${full.kept.get(tip('story'))!.size}`,
      `${'1'.repeat(40)} `,
      'flush',
    ]);
  });
});

const ask2 = async (...args: string[]) => linesOf(await new RawClient(full).fetch(2, command('fetch', ...args)));

describe('a fetch of version 2', () => {
  it('acknowledges what both have and says when it is enough', async () => {
    const want = `want ${tip('refs/heads/main')}`;
    expect(await ask2(want, `have ${'1'.repeat(40)}`)).toEqual(['acknowledgments', 'NAK', 'flush']);
    const answer = await ask2(want, `have ${tip('main~4')}`, 'no-progress');
    expect(answer.slice(0, 5)).toEqual(['acknowledgments', `ACK ${tip('main~4')}`, 'ready', 'delimiter', 'packfile']);
    expect(answer.at(-1)).toBe('flush');
  });

  it('is not ready while a wanted branch has no common base', async () => {
    const answer = await ask2(
      `want ${tip('refs/heads/main')}`,
      `want ${tip('refs/tags/light')}`,
      `have ${await git(sample, 'rev-parse', 'side')}`,
    );
    expect(answer).toEqual(['acknowledgments', `ACK ${tip('refs/heads/side')}`, 'flush']);
  });

  it('waits for done when asked to', async () => {
    const answer = await ask2(`want ${tip('refs/heads/main')}`, `have ${tip('main~4')}`, 'wait-for-done');
    expect(answer).toEqual(['acknowledgments', `ACK ${tip('main~4')}`, 'flush']);
  });

  it('answers negotiation without a want', async () => {
    expect(await ask2('wait-for-done', `have ${tip('main~4')}`)).toEqual([
      'acknowledgments',
      `ACK ${tip('main~4')}`,
      'flush',
    ]);
    expect(await ask2()).toEqual([]);
  });

  it.each([
    ['a foreign object', ['want 1111111111111111111111111111111111111111', 'done'], 'not our ref'],
    ['an id that is none', ['want 123', 'done'], 'not an object id'],
    ['an unknown line', ['packfile-uris https'], 'unexpected line'],
    ['an unknown filter', ['filter sparse:oid=x'], 'is not supported'],
    ['a filter that is not encoded', ['filter combine:%+tree:0'], 'not URL-encoded'],
    ['a depth that is no number', ['deepen -1'], 'takes a number'],
    ['a depth and a date', ['deepen 1', 'deepen-since 5'], 'cannot be used together'],
    ['a ref that is not there', ['deepen-not nowhere', 'done'], 'there is no ref'],
    ['a date after all commits', ['deepen-since 99999999999', 'done'], 'no commits selected'],
  ])('is refused for %s', async (_, args, message) => {
    const withWant = args[0]!.startsWith('want') ? args : [`want ${tip('refs/heads/main')}`, ...args];
    const answer = await ask2(...withWant);
    expect(answer).toHaveLength(1);
    expect(answer[0]).toMatch(/^ERR /);
    expect(answer[0]).toContain(message);
  });

  it('whose objects cannot be read ends in the side band, and the log knows why', async () => {
    const client = new RawClient(new MemoryRepository());
    for (const [oid, kept] of full.kept) client.repository.kept.set(oid, kept);
    client.repository.kept.delete(tip('story'));
    const request = command('fetch', `want ${tip('refs/heads/main')}`, 'done', 'no-progress');
    expect((await linesOf(await client.fetch(2, request))).at(-2)).toContain(`\u0003object ${tip('story')} is not in`);
    Object.assign(client.repository.objects, {
      read: () => {
        throw new Error('disk /dev/sda');
      },
    });
    expect((await linesOf(await client.fetch(2, request))).at(-2)).toBe('\u0003internal error');
    expect(client.faults.map(({ message }) => message)).toEqual(['disk /dev/sda']);
  });

  it('that nobody waits for stops', async () => {
    const request = command('fetch', `want ${tip('refs/heads/main')}`, 'done');
    await expect(new RawClient(full).fetch(2, request, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });
});

const ask0 = async (...parts: (string | Buffer)[]) => linesOf(await new RawClient(full).fetch(0, lines(...parts)));
const want = (capabilities = '') => `want ${tip('refs/heads/main')}${capabilities}`;

describe('a fetch of version 0', () => {
  it('without capabilities gets a bare pack behind one acknowledgment', async () => {
    expect(await ask0(want(), FLUSH, 'done')).toEqual(['NAK', 'pack']);
    expect(await ask0(want(), FLUSH, `have ${tip('main~4')}`, `have ${tip('main~1')}`, 'done')).toEqual([
      `ACK ${tip('main~4')}`,
      'pack',
    ]);
    expect(await ask0(want(), FLUSH, `have ${'1'.repeat(40)}`, FLUSH)).toEqual(['NAK']);
    expect(await ask0(want(), FLUSH, `have ${tip('main~4')}`, FLUSH)).toEqual([`ACK ${tip('main~4')}`]);
  });

  it('with multi_ack_detailed hears of all that is common', async () => {
    const caps = ' multi_ack_detailed side-band-64k no-progress';
    const answer = await ask0(want(caps), FLUSH, `have ${'1'.repeat(40)}`, `have ${tip('main~4')}`, FLUSH);
    expect(answer).toEqual([`ACK ${tip('main~4')} common`, `ACK ${tip('main~4')} ready`, 'NAK']);
    const ready = await ask0(want(caps), FLUSH, `have ${tip('main~4')}`, `have ${'1'.repeat(40)}`, FLUSH);
    expect(ready).toEqual([`ACK ${tip('main~4')} common`, `ACK ${'1'.repeat(40)} ready`, 'NAK']);
    const done = await ask0(want(caps), FLUSH, `have ${tip('main~4')}`, 'done');
    expect(done.slice(0, 2)).toEqual([`ACK ${tip('main~4')} common`, `ACK ${tip('main~4')}`]);
    expect(done.at(-1)).toBe('flush');
  });

  it('with no-done gets the pack as soon as it is ready', async () => {
    const caps = ' multi_ack_detailed no-done side-band-64k no-progress';
    const answer = await ask0(want(caps), FLUSH, `have ${tip('main~4')}`, FLUSH);
    expect(answer.slice(0, 4)).toEqual([
      `ACK ${tip('main~4')} common`,
      `ACK ${tip('main~4')} ready`,
      'NAK',
      `ACK ${tip('main~4')}`,
    ]);
    expect(answer.at(-1)).toBe('flush');
  });

  it('with the small side band gets small packets', async () => {
    const answer = await new RawClient(full).fetch(0, lines(want(' side-band no-progress'), FLUSH, 'done'));
    expect(answer.subarray(8, 12).toString()).toBe('03e8');
  });

  it('hears of its new shallow commits first, and of nothing else until it goes on', async () => {
    const main = tip('refs/heads/main');
    expect(await ask0(want(), 'deepen 1', FLUSH)).toEqual([`shallow ${main}`, 'flush']);
    expect(await ask0(want(), `shallow ${main}`, 'deepen 2147483647', FLUSH)).toEqual([`unshallow ${main}`, 'flush']);
    expect(await ask0(want(), 'deepen 0', FLUSH, 'done')).toEqual(['NAK', 'pack']);
  });

  it('hears of them without newlines, since some clients take none there', async () => {
    const main = tip('refs/heads/main');
    const answer = await new RawClient(full).fetch(0, lines(want(), 'deepen 1', FLUSH));
    expect(answer.toString()).toBe(`0034shallow ${main}0000`);
    const newer = await new RawClient(full).fetch(2, command('fetch', `want ${main}`, 'deepen 1', 'done'));
    expect(newer.toString('latin1')).toContain(`0011shallow-info\n0034shallow ${main}0001`);
  });

  it.each([
    ['a foreign object', ['want 1111111111111111111111111111111111111111', FLUSH, 'done'], 'not our ref'],
    ['lines that are out of place', ['done', FLUSH], 'does not belong'],
    ['words in place of haves', ['MAIN', FLUSH, 'hello'], '"have" or "done" expected'],
    ['a request that is cut off', ['MAIN'], 'ends without a flush'],
  ])('is refused for %s', async (_, parts, message) => {
    const answer = await ask0(...parts.map((part) => (part === 'MAIN' ? want() : part)));
    expect(answer.at(-1)).toMatch(/^ERR /);
    expect(answer.at(-1)).toContain(message);
  });

  it('of nothing is answered with nothing', async () => {
    expect(await ask0(FLUSH)).toEqual([]);
  });
});

const WHO = { name: 'A', email: 'a@b', seconds: 1, zone: '+0000' };
const named = (code: number, type: 'blob' | 'tree' | 'commit' | 'tag', content: Uint8Array) => ({
  entry: { code, content } as RawEntry,
  oid: hashObject(type, content),
});
const blob = named(3, 'blob', Buffer.from('content'));
const tree = named(2, 'tree', encodeTree([{ mode: 0o100644, name: 'file', oid: blob.oid }]));
const commitOf = (treeOid: Oid, parents: Oid[] = []) =>
  named(1, 'commit', encodeCommit({ tree: treeOid, parents, author: WHO, committer: WHO, extra: [], message: 'm\n' }));

describe('a push', () => {
  let client: RawClient;
  beforeEach(() => {
    client = new RawClient(new MemoryRepository());
  });

  const update = (to: Oid, name = 'refs/heads/main', from: Oid = NULL_OID) =>
    lines(`${from} ${to} ${name}\0report-status`, FLUSH);
  const push = async (request: Buffer, ...entries: RawEntry[]) =>
    linesOf(await client.push(Buffer.concat([request, packOf(entries)])));

  it('stores what its refs reach and nothing else', async () => {
    const commit = commitOf(tree.oid);
    const stray = named(3, 'blob', Buffer.from('stray'));
    const answer = await push(update(commit.oid), commit.entry, tree.entry, blob.entry, stray.entry);
    expect(answer).toEqual(['unpack ok', 'ok refs/heads/main', 'flush']);
    expect([...client.repository.kept.keys()].toSorted()).toEqual([commit.oid, tree.oid, blob.oid].toSorted());
    expect(client.spools.open).toBe(0);
  });

  it('is refused when a tree lists an object as what it is not', async () => {
    const wrong = named(2, 'tree', encodeTree([{ mode: 0o40000, name: 'folder', oid: blob.oid }]));
    const commit = commitOf(wrong.oid);
    const answer = await push(update(commit.oid), commit.entry, wrong.entry, blob.entry);
    expect(answer[1]).toBe(`ng refs/heads/main folder/: object ${blob.oid} is a blob where a tree belongs`);
    const reverse = named(2, 'tree', encodeTree([{ mode: 0o100644, name: 'file', oid: tree.oid }]));
    const other = commitOf(reverse.oid);
    expect((await push(update(other.oid), other.entry, reverse.entry, tree.entry, blob.entry))[1]).toContain(
      'is a tree where a blob belongs',
    );
    const parent = commitOf(tree.oid, [blob.oid]);
    expect((await push(update(parent.oid), parent.entry, tree.entry, blob.entry))[1]).toContain(
      'is a blob where a commit belongs',
    );
    const tag = named(
      4,
      'tag',
      encodeTag({ object: blob.oid, type: 'commit', name: 'v1', tagger: WHO, extra: [], message: 'm' }),
    );
    expect((await push(update(tag.oid, 'refs/tags/v1'), tag.entry, blob.entry))[1]).toContain(
      'is a blob where a commit belongs',
    );
    expect(client.repository.kept.size).toBe(0);
  });

  it('is refused when what it builds on is of another type in the repository', async () => {
    const base = commitOf(tree.oid);
    await push(update(base.oid), base.entry, tree.entry, blob.entry);
    const commit = commitOf(blob.oid, [base.oid]);
    expect((await push(update(commit.oid, 'refs/heads/b'), commit.entry))[1]).toContain(
      'is a blob where a tree belongs',
    );
  });

  it.each([['a blob'], ['a tree'], ['a parent']])('is refused when %s is missing', async (what) => {
    const missing = '1'.repeat(40);
    const holed = named(
      2,
      'tree',
      encodeTree([{ mode: what === 'a tree' ? 0o40000 : 0o100644, name: 'hole', oid: missing }]),
    );
    const commit = what === 'a parent' ? commitOf(tree.oid, [missing]) : commitOf(holed.oid);
    const answer = await push(update(commit.oid), commit.entry, holed.entry, tree.entry, blob.entry);
    expect(answer[1]).toContain(`object ${missing} is neither in the push nor in the repository`);
    expect(client.repository.kept.size).toBe(0);
  });

  it('may put a tag on anything', async () => {
    expect((await push(update(blob.oid, 'refs/tags/blob'), blob.entry))[1]).toBe('ok refs/tags/blob');
  });

  it('of a tree too deep for any system is refused', async () => {
    let inner = tree;
    const trees = [inner];
    for (let depth = 0; depth < 300; depth += 1) {
      inner = named(2, 'tree', encodeTree([{ mode: 0o40000, name: 'n'.repeat(20), oid: inner.oid }]));
      trees.push(inner);
    }
    const commit = commitOf(inner.oid);
    const answer = await push(update(commit.oid), commit.entry, blob.entry, ...trees.map(({ entry }) => entry));
    expect(answer[1]).toContain('a path of more than 4096 bytes');
  });

  it.each([
    ['a name that is none', 'refs/heads/a..b', NULL_OID, 'this is no name for a ref'],
    ['a name outside refs', 'HEAD', NULL_OID, 'this is no name for a ref'],
    ['a ref that moved', 'refs/heads/main', '2'.repeat(40), 'has moved'],
  ])('is refused for %s', async (_, name, from, message) => {
    const commit = commitOf(tree.oid);
    const answer = await push(update(commit.oid, name, from), commit.entry, tree.entry, blob.entry);
    expect(answer[1]).toContain(`ng ${name} `);
    expect(answer[1]).toContain(message);
  });

  it('that deletes what is not there is refused', async () => {
    const answer = await client.push(lines(`${NULL_OID} ${NULL_OID} refs/heads/gone\0report-status`, FLUSH));
    expect((await linesOf(answer))[1]).toContain('no such ref to delete');
  });

  it.each([
    ['a line that is no update', lines('update main', FLUSH), 'not a ref update'],
    [
      'a ref twice',
      lines(`${NULL_OID} ${'1'.repeat(40)} refs/heads/a\0`, `${NULL_OID} ${'1'.repeat(40)} refs/heads/a`, FLUSH),
      'updated twice',
    ],
    ['a certificate', lines('push-cert\0report-status', FLUSH), 'not a ref update'],
    ['another hash', lines(`${NULL_OID} ${'1'.repeat(40)} refs/heads/a\0object-format=sha256`, FLUSH), 'is not ours'],
    ['no end', lines(`${NULL_OID} ${'1'.repeat(40)} refs/heads/a`), 'ends without a flush'],
  ])('is refused for %s', async (_, request, message) => {
    const answer = await linesOf(await client.push(request));
    expect(answer[0]).toMatch(/^ERR /);
    expect(answer[0]).toContain(message);
  });

  it('without a pack is told so', async () => {
    const answer = await linesOf(await client.push(update('1'.repeat(40))));
    expect(answer).toEqual(['unpack the pack is cut off', 'ng refs/heads/main unpacker error', 'flush']);
  });

  it('that asks nothing is answered with nothing', async () => {
    expect(await linesOf(await client.push(FLUSH))).toEqual([]);
    expect(await linesOf(await client.push(Buffer.alloc(0)))).toEqual([]);
  });

  it('that wants no report gets none, and is done all the same', async () => {
    const commit = commitOf(tree.oid);
    const request = lines(`${NULL_OID} ${commit.oid} refs/heads/main`, FLUSH);
    expect(await push(request, commit.entry, tree.entry, blob.entry)).toEqual([]);
    expect(client.repository.values.get('refs/heads/main')).toBe(commit.oid);
  });
});

describe('any request', () => {
  it('is answered without a fault of ours, whatever its bytes', async () => {
    const client = new RawClient(full);
    const word = fc.constantFrom(
      'command=fetch',
      'command=ls-refs',
      'want ',
      'have ',
      'done',
      'deepen 1',
      'deepen-since 1',
      'deepen-not HEAD',
      'shallow ',
      'filter blob:none',
      'filter tree:1',
      'peel',
      'include-tag',
      'deepen-relative',
      'wait-for-done',
    );
    const oid = fc.constantFrom(...tips.values(), '1'.repeat(40));
    const text = fc.tuple(word, oid).map(([first, second]) => (first.endsWith(' ') ? first + second : first));
    const part = fc.oneof(
      { weight: 6, arbitrary: text.map((line) => textPacket(line)) },
      { weight: 2, arbitrary: fc.constantFrom(FLUSH, DELIMITER) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    );
    const law = fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
      const request = Buffer.concat(parts);
      const before = full.values.size;
      await client.fetch(0, request);
      await client.fetch(2, Buffer.concat([textPacket('command=fetch'), DELIMITER, request, FLUSH]));
      await client.push(request);
      expect([client.faults, client.spools.open, full.values.size]).toEqual([[], 0, before]);
    });
    await fc.assert(law, { numRuns: 150 });
  });

  it('for a pack gets one that holds together', async () => {
    const oids = [...tips.values()].filter((oid) => oid !== tip('story'));
    const law = fc.asyncProperty(fc.subarray(oids, { minLength: 1 }), fc.subarray(oids), async (wants, haves) => {
      const args = [...wants.map((oid) => `want ${oid}`), ...haves.map((oid) => `have ${oid}`), 'done', 'no-progress'];
      const answer = await new RawClient(full).fetch(2, command('fetch', ...args));
      const sent = await unpack(chunked(packIn(answer)), { openSpool: new Spools().openSpool });
      const revisions = [...wants, '--not', ...haves];
      const needed = (await git(sample, 'rev-list', '--objects', '--no-object-names', ...revisions)).split('\n');
      // More than needed may travel, less may not.
      expect(needed.filter((oid) => oid !== '' && sent.get(oid) === undefined)).toEqual([]);
      await sent.close();
    });
    await fc.assert(law, { numRuns: 40 });
  });
});

/** The bytes of band 1. */
function packIn(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < answer.length;) {
    const length = Number.parseInt(answer.toString('latin1', at, at + 4), 16);
    if (length > 4 && answer[at + 4] === 1) parts.push(answer.subarray(at + 5, at + length));
    at += Math.max(4, length);
  }
  return Buffer.concat(parts);
}
