import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FileListing, Version } from '../../lib/definition/wire.ts';
import { DEFINITION_FOLDERS, makeAuthorRepository } from '../support/author-repository.ts';
import { Author } from '../support/author.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { expectSoundClone } from '../support/git-client.ts';
import { header, jsonOf, send, type Reply } from '../support/http.ts';
import { ImageTools } from '../support/image-tools.ts';
import { digestOf } from '../support/oci-content.ts';
import { readLayout } from '../support/oci-layout.ts';
import { describeWith } from '../support/programs.ts';
import { testCase } from '../support/publishing.ts';
import { expectStatus } from '../support/repository.ts';
import { runProgram } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, gitBytes } from '../unit/git/support/git-command.ts';

const LONG = 'a-very-long-name-'.repeat(12);
const ODD = testCase({
  empty: '',
  'a/b/c/run.sh': { run: '#!/bin/sh\necho run\n' },
  'a/up': { link: '../prompt.md' },
  'a/nowhere': { link: 'nothing/at all' },
  [`a/long-link`]: { link: `${LONG}/target` },
  'größe/球台 🎱.md': 'Unicode\n',
  [`${LONG}/${LONG}.txt`]: 'long\n',
  'large.bin': Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * 7919) % 251)),
  'exactly-512': 'x'.repeat(512),
  'a.b': 'sorts between a and a/\n',
});

const server = useServer();
const folder = useTemporaryFolder();
const versions: { path: string; family: string; version: string; repository: string }[] = [
  ...DEFINITION_FOLDERS,
  'test-cases/odd/v1.0.0',
  'test-cases/odd/v1.0.1',
].map((path) => {
  const at = path.lastIndexOf('/');
  return { path, family: path.slice(0, at), version: path.slice(at + 1), repository: '' };
});

beforeAll(async () => {
  const { path: fixtures } = await makeAuthorRepository(folder.path);
  const author = await Author.in(folder.path, server);
  await author.commit(ODD, 'test-cases/odd/v1.0.0');
  const { 'large.bin': _large, ...rest } = ODD;
  await author.commit({ ...rest, empty: 'no more\n' }, 'test-cases/odd/v1.0.1');
  for (const path of [fixtures, author.path]) {
    const env = { ASSAY_URL: server.url, HOME: folder.path };
    const { code, stdout, stderr } = await assay(['publish', '--all'], env, { cwd: path });
    if (code !== 0) throw new Error(stdout + stderr);
  }
  for (const one of versions) one.repository = one.family === 'test-cases/odd' ? author.path : fixtures;
});

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return send(method, `${server.url}${path}`, { headers });
}

async function shown(family: string, ref: string): Promise<Version> {
  return jsonOf(expectStatus(await get(`/api/v1/definitions/${family}@${ref}`), 200)) as Version;
}

/** The same bytes in parts, as a client that was cut off over and over asks for them. */
async function glued(path: string, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const step = Math.ceil(size / 7) + 1;
  for (let start = 0; start < size; start += step) {
    const end = Math.min(start + step, size);
    const reply = expectStatus(await get(path, { range: `bytes=${start}-${end - 1}` }), 206);
    expect(header(reply, 'content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
    pieces.push(reply.body);
  }
  return Buffer.concat(pieces);
}

describe.each(versions)('$family@$version', (one) => {
  const { path, family, version } = one;
  const at = `/api/v1/definitions/${family}@${version}`;

  test('is one tree for its author and for whoever clones it', async () => {
    const found = await shown(family, version);
    expect(await git(one.repository, 'rev-parse', `HEAD:${path}`)).toBe(found.tree);
    const clone = join(folder.path, `clone-${path.replaceAll('/', '-')}`);
    await git(folder.path, 'clone', '-q', '--branch', version, `${server.url}/git/${family}.git`, clone);
    expect(await git(clone, 'rev-parse', `${version}^{tree}`)).toBe(found.tree);
    expect(await git(clone, 'rev-parse', `${version}^{commit}`)).toBe(found.commit);
    expect(await git(clone, 'ls-remote', '--symref', 'origin', 'HEAD')).toContain('refs/heads/main');
    await expectSoundClone(clone);
    expect(await git(clone, 'status', '--porcelain')).toBe('');
  });

  test('is one tar for every way to it, and the tar is the tree', async () => {
    const { layer, tree } = await shown(family, version);
    const blob = `/v2/${family}/blobs/${layer.digest}`;
    const archive = expectStatus(await get(`${at}/archive`), 200);
    expect(archive.body).toHaveLength(layer.size);
    expect(digestOf(archive.body)).toBe(layer.digest);
    expect(header(archive, 'etag')).toBe(`"${layer.digest}"`);
    expect(digestOf(expectStatus(await get(blob), 200).body)).toBe(layer.digest);
    for (const way of [`${at}/archive`, blob]) expect(digestOf(await glued(way, layer.size))).toBe(layer.digest);

    const extracted = join(folder.path, `tar-${path.replaceAll('/', '-')}`);
    await mkdir(extracted);
    await writeFile(`${extracted}.tar`, archive.body);
    await runProgram('tar', ['-xf', `${extracted}.tar`, '-C', extracted]);
    const places = {
      GIT_INDEX_FILE: `${extracted}.index`,
      GIT_WORK_TREE: extracted,
      GIT_DIR: join(one.repository, '.git'),
    };
    await gitBytes(extracted, ['add', '--all', '--force', '.'], { env: places });
    expect((await gitBytes(extracted, ['write-tree'], { env: places })).toString('utf8').trim()).toBe(tree);
  });

  test('has files of the digests that are listed, and of the bytes that the author has', async () => {
    const listing = jsonOf(expectStatus(await get(`${at}/files`), 200)) as FileListing;
    const names = (await gitBytes(one.repository, ['ls-tree', '-r', '-z', `HEAD:${path}`]))
      .toString('utf8')
      .split('\0');
    const expected = names
      .filter((line) => line !== '')
      .map((line) => {
        const [, mode, oid, name] = /^(\d+) blob (\w+)\t(.*)$/su.exec(line)!;
        return { path: name, oid, kind: { '100644': 'file', '100755': 'executable', '120000': 'link' }[mode!] };
      });
    expect(listing.files.map(({ path: name, oid, kind }) => ({ path: name, oid, kind }))).toEqual(expected);
    for (const { path: name, digest, size, oid, target } of listing.files) {
      const url = `${at}/files/${name.split('/').map(encodeURIComponent).join('/')}`;
      const reply = expectStatus(await get(url), 200);
      expect(digestOf(reply.body)).toBe(digest);
      expect(reply.body).toHaveLength(size);
      expect(header(reply, 'etag')).toBe(`"${digest}"`);
      expect(reply.body.equals(await gitBytes(one.repository, ['cat-file', 'blob', oid]))).toBe(true);
      expect([undefined, reply.body.toString('utf8')]).toContain(target);
      const head = expectStatus(await get(url, {}, 'HEAD'), 200);
      expect(header(head, 'content-length')).toBe(String(size));
      expect(head.body).toHaveLength(0);
    }
  });

  test('has a manifest that names it all', async () => {
    const found = await shown(family, version);
    const manifest = expectStatus(await get(`/v2/${family}/manifests/${version}`), 200);
    expect(digestOf(manifest.body)).toBe(found.digest);
    expect(header(manifest, 'docker-content-digest')).toBe(found.digest);
    expect(jsonOf(manifest)).toMatchObject({
      artifactType: `application/vnd.assay.${found.kind}.v1+json`,
      config: found.config,
      layers: [found.layer],
      annotations: { 'vnd.assay.tree': found.tree, 'vnd.assay.family': family },
    });
    const config = expectStatus(await get(`/v2/${family}/blobs/${found.config.digest}`), 200);
    expect(digestOf(config.body)).toBe(found.config.digest);
    expect(expectStatus(await get(`${at}/metadata`), 200).body.equals(config.body)).toBe(true);
    expect(await shown(family, found.digest)).toEqual(found);
  });
});

describe('an answer with bytes of a version', () => {
  test.each([
    ['a file', 'files/large.bin'],
    ['a small file', 'files/prompt.md'],
    ['the archive', 'archive'],
    ['the metadata', 'metadata'],
  ])('%s is immutable by version, and can be had in part or not again', async (_what, end) => {
    const at = `/api/v1/definitions/test-cases/odd@v1.0.0/${end}`;
    const whole = expectStatus(await get(at), 200);
    const etag = header(whole, 'etag')!;
    expect(header(whole, 'cache-control')).toContain('immutable');
    for (const method of ['GET', 'HEAD']) {
      const again = expectStatus(await get(at, { 'if-none-match': etag }, method), 304);
      expect(again.body).toHaveLength(0);
      expect(header(again, 'etag')).toBe(etag);
    }
    expectStatus(await get(at, { 'if-none-match': '"other"' }), 200);
    const part = expectStatus(await get(at, { range: 'bytes=3-9' }), 206);
    expect(part.body.equals(whole.body.subarray(3, 10))).toBe(true);
    const tail = expectStatus(await get(at, { range: 'bytes=-5' }), 206);
    expect(tail.body.equals(whole.body.subarray(-5))).toBe(true);
    expectStatus(await get(at, { range: 'bytes=3-9', 'if-range': '"other"' }), 200);
    expectStatus(await get(at, { range: 'bytes=3-9', 'if-range': etag }), 206);
    const beyond = expectStatus(await get(at, { range: `bytes=${whole.body.length}-` }), 416);
    expect(header(beyond, 'content-range')).toBe(`bytes */${whole.body.length}`);
    expectStatus(await get(at, { range: 'lines=1-2' }), 200);
  });

  test('of an empty file is empty', async () => {
    const at = '/api/v1/definitions/test-cases/odd@v1.0.0/files/empty';
    expect(expectStatus(await get(at), 200).body).toHaveLength(0);
    expectStatus(await get(at, { range: 'bytes=0-0' }), 416);
  });

  test('may not be kept where the name may move', async () => {
    for (const end of ['archive', 'metadata', 'files', 'files/prompt.md']) {
      const reply = expectStatus(await get(`/api/v1/definitions/test-cases/odd@latest/${end}`), 200);
      expect(header(reply, 'cache-control')).toBe('no-cache');
    }
  });

  test('is found whether the @ is written as it is or escaped, and with an @ in the path', async () => {
    const path = 'references/opening.png';
    for (const sign of ['@', '%40'])
      expectStatus(await get(`/api/v1/definitions/test-cases/carom${sign}v1.0.0/files/${path}`), 200);
    for (const sign of ['@', '%40']) {
      const reply = await get(`/api/v1/definitions/test-cases/carom${sign}v1.0.0/files/no%40such`);
      expect(jsonOf(reply)).toMatchObject({ status: 404, code: 'file-unknown' });
    }
  });
});

test('a pin is one thing in every dialect, before and after it moves', async () => {
  const family = 'test-cases/odd';
  const env = { ASSAY_URL: server.url, HOME: folder.path };
  for (const version of ['v1.0.0', 'v1.0.1']) {
    expect(await assay(['pin', `${family}@${version}`, '--as', 'stable'], env)).toMatchObject({ code: 0 });
    const { digest, commit, pins } = await shown(family, version);
    expect(pins).toEqual(['stable']);
    const refs = await git(folder.path, 'ls-remote', `${server.url}/git/${family}.git`, 'refs/heads/pins/stable');
    expect(refs).toBe(`${commit}\trefs/heads/pins/stable`);
    const manifest = expectStatus(await get(`/v2/${family}/manifests/stable`, {}, 'HEAD'), 200);
    expect(header(manifest, 'docker-content-digest')).toBe(digest);
    expect((await shown(family, 'stable')).digest).toBe(digest);
    expect((await assay(['resolve', `${family}@stable`], env)).stdout).toBe(`${digest}\n`);
  }
  expect(jsonOf(await get(`/api/v1/pins/${family}@stable`))).toMatchObject({
    history: [
      { to: { version: 'v1.0.1' }, from: { version: 'v1.0.0' } },
      { to: { version: 'v1.0.0' }, from: null },
    ],
  });
});

describeWith(['faketime'], 'git archive at time zero', () => {
  test.each(versions)('of $family@$version has the digest of the layer', async (one) => {
    const { layer, tree } = await shown(one.family, one.version);
    const file = join(folder.path, `archive-${tree}.tar`);
    const env = { PATH: process.env['PATH'], HOME: folder.path, TZ: 'UTC', GIT_CONFIG_NOSYSTEM: '1' };
    const args = ['1970-01-01 00:00:00', 'git', 'archive', '--format=tar', `--output=${file}`, tree];
    await runProgram('faketime', args, { cwd: one.repository, env });
    const { stdout } = await runProgram('sha256sum', [file]);
    expect(`sha256:${stdout.slice(0, 64)}`).toBe(layer.digest);
  });
});

describeWith(['skopeo'], 'a version that skopeo copies', () => {
  test.each(versions)('$family@$version is the same in an OCI layout', async (one) => {
    const tools = await ImageTools.in(join(folder.path, `skopeo-${one.path.replaceAll('/', '-')}`));
    const found = await shown(one.family, one.version);
    const from = `docker://${server.address}/${one.family}:${one.version}`;
    await tools.skopeo('copy', '--preserve-digests', '--src-tls-verify=false', from, 'oci:layout:v');
    const { root, content } = await readLayout(tools.path('layout'), 'v');
    expect(root).toBe(found.digest);
    expect([...content.keys()].sort()).toEqual([root, found.layer.digest, found.config.digest].sort());
    const tar = await readFile(tools.path('layout', 'blobs', ...found.layer.digest.split(':')));
    expect(digestOf(tar)).toBe(found.layer.digest);
  });
});

test('all of it leaves a sound store', async () => {
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
});
