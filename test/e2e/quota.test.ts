import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { QuotaAnswer } from '../../lib/oci/family-record.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { Author } from '../support/author.ts';
import { freshFamily } from '../support/git-client.ts';
import { jsonOf, send } from '../support/http.ts';
import { digestOf } from '../support/oci-content.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';

const server = useServer();
const folder = useTemporaryFolder();

async function set(family: string, quota: unknown): Promise<QuotaAnswer> {
  const url = `${server.url}/api/v1/families/${family}/quota`;
  return jsonOf(expectStatus(await send('PUT', url, { body: Buffer.from(JSON.stringify(quota)) }), 200)) as QuotaAnswer;
}

async function stands(family: string): Promise<QuotaAnswer> {
  return jsonOf(await send('GET', `${server.url}/api/v1/families/${family}/quota`)) as QuotaAnswer;
}

describe('a quota of bytes', () => {
  test('bounds blobs of every size and way in, with 413 in the envelope of OCI', async () => {
    const images = freshRepository(server);
    await set(images.name, { bytes: 300_000 });
    await images.pushBlob(randomBytes(100_000));
    for (const size of [250_000, 5_000_000]) {
      const bytes = randomBytes(size);
      const whole = await images.send('POST', `blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
      expect(whole.status).toBe(413);
      expect(jsonOf(whole)).toMatchObject({
        errors: [{ code: 'DENIED', message: expect.stringMatching(/quota|hold/) as string }],
      });
      const location = await images.startUpload();
      expect((await images.patch(location, bytes)).status).toBe(413);
      expect((await images.close(await images.startUpload(), digestOf(bytes), bytes)).status).toBe(413);
    }
    // What is there already takes nothing.
    const small = randomBytes(1000);
    await images.pushBlob(small);
    const used = (await stands(images.name)).used.bytes;
    await images.pushBlob(small);
    expect((await stands(images.name)).used.bytes).toBe(used);
    expect(used).toBe(101_000);
  });

  test('takes as much as it says and not a byte more, and again when something has gone', async () => {
    const images = freshRepository(server);
    await set(images.name, { bytes: 3000 });
    const digests = [await images.pushBlob(randomBytes(1000)), await images.pushBlob(randomBytes(2000))];
    const one = randomBytes(1);
    expect((await images.close(await images.startUpload(), digestOf(one), one)).status).toBe(413);
    expectStatus(await images.delete(`blobs/${digests[0]}`), 202);
    await expect
      .poll(async () => (await images.close(await images.startUpload(), digestOf(one), one)).status)
      .toBe(201);
  });

  test('holds mounts and manifests, too', async () => {
    const [from, to] = [freshRepository(server), freshRepository(server)];
    const digest = await from.pushBlob(randomBytes(5000));
    await set(to.name, { bytes: 4000 });
    expect((await to.send('POST', `blobs/uploads/?mount=${digest}&from=${from.name}`)).status).toBe(413);
    await set(to.name, { bytes: 250 });
    await expect(to.pushImage('one')).rejects.toThrow(/413/);
    expect((await to.get('manifests/one')).status).toBe(404);
  });

  test('refuses a git push with words, and keeps nothing of it', async () => {
    const { family, url } = freshFamily(server);
    const author = await Author.in(folder.path, server);
    await author.commit({ 'large.bin': randomBytes(50_000) });
    await set(family, { bytes: 20_000 });
    const { code, stderr } = await tryGit(author.path, ['push', url, 'HEAD:refs/heads/main']);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${family} may hold 20000 bytes`);
    expect((await stands(family)).used).toEqual({ bytes: 0, versions: 0 });
    await set(family, { bytes: 60_000 });
    await git(author.path, 'push', '-q', url, 'HEAD:refs/heads/main');
    expect((await stands(family)).used.bytes).toBeGreaterThan(50_000);
  });

  test('refuses a publish', async () => {
    const author = await Author.in(folder.path, server);
    await author.commit(
      { 'test-case.toml': 'name = "A"\n', 'large.bin': randomBytes(50_000) },
      'test-cases/large/v1.0.0',
    );
    await set('test-cases/large', { bytes: 20_000 });
    const { code, stderr, stdout } = await assay(
      ['publish', '--all'],
      { ASSAY_URL: server.url, HOME: folder.path },
      { cwd: author.path },
    );
    expect(code).toBe(1);
    expect(stderr + stdout).toContain('test-cases/large may hold 20000 bytes');
  });
});

test('a quota of versions bounds publishing and pushes of tags, and repeats are no harm', async () => {
  const family = 'test-cases/few';
  const author = await Author.in(folder.path, server);
  await set(family, { versions: 1 });
  const publish = (version: string) =>
    assay(['publish', `test-cases/few/${version}`], { ASSAY_URL: server.url, HOME: folder.path }, { cwd: author.path });
  for (const version of ['v1.0.0', 'v1.1.0']) {
    await author.commit({ 'test-case.toml': `name = "A ${version}"\n` }, `test-cases/few/${version}`);
  }
  expect((await publish('v1.0.0')).code).toBe(0);
  expect((await publish('v1.0.0')).code).toBe(0);
  const refused = await publish('v1.1.0');
  expect(refused.code).toBe(1);
  expect(refused.stderr + refused.stdout).toContain('may have 1 versions');
  const other = await Author.in(folder.path, server);
  await other.commit({ 'test-case.toml': 'name = "B"\n' });
  await git(other.path, 'tag', 'v2.0.0');
  const { stderr } = await tryGit(other.path, ['push', `${server.url}/git/${family}.git`, 'v2.0.0']);
  expect(stderr).toContain('may have 1 versions');
  expect((await stands(family)).used.versions).toBe(1);
});

test('rules and a quota are declared beside each other', async () => {
  const rules = `${server.url}/api/v1/families/a/both/rules`;
  await set('a/both', { versions: 7 });
  expectStatus(await send('PUT', rules, { body: Buffer.from('{"immutable":["v*"]}') }), 200);
  expect(await stands('a/both')).toMatchObject({ bytes: null, versions: 7 });
  await set('a/both', {});
  expect(jsonOf(await send('GET', rules))).toEqual({ immutable: ['v*'] });
});

test.each(['[]', 'null', '{"bytes":-1}', '{"bytes":1.5}', '{"bytes":"1GiB"}', '{"files":1}', '{"versions":1e300}'])(
  'refuses a quota that is none: %s',
  async (body) => {
    const reply = await send('PUT', `${server.url}/api/v1/families/a/b/quota`, { body: Buffer.from(body) });
    expect(reply.status).toBe(422);
    expect(jsonOf(reply)).toMatchObject({ code: 'quota-invalid' });
  },
);

test('the command sets and shows it, and refuses wrong use', async () => {
  const env = { ASSAY_URL: server.url };
  expect((await assay(['quota', 'a/cli', '--bytes', '10MiB', '--versions', '5'], env)).stdout).toBe(
    'a/cli: 0 B of 10.0 MiB, 0 versions of 5\n',
  );
  expect(JSON.parse((await assay(['quota', 'a/cli', '--none', '--json'], env)).stdout)).toEqual({
    bytes: null,
    versions: null,
    used: { bytes: 0, versions: 0 },
  });
  expect((await assay(['quota', 'a/nobody'], env)).code).toBe(1);
  for (const wrong of [
    ['--bytes', 'much'],
    ['--versions', 'x'],
    ['--none', '--versions', '1'],
  ]) {
    expect((await assay(['quota', 'a/cli', ...wrong], env)).code).toBe(2);
  }
});

test('what was refused has left nothing wrong behind', async () => {
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
});
