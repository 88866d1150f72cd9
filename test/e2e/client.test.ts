import { beforeAll, describe, expect, test } from 'vitest';
import { AssayClient } from '../../lib/client/assay-client.ts';
import { gatherUpTo } from '../../lib/client/gather-up-to.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { assay } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const server = useServer();
const folder = useTemporaryFolder();
const CAROM = 'test-cases/carom';
const of = { family: CAROM, ref: 'v1.0.0' };
let client: AssayClient;

beforeAll(async () => {
  const { path } = await makeAuthorRepository(folder.path);
  const { code, stderr } = await assay(
    ['publish', '--all'],
    { ASSAY_URL: server.url, HOME: folder.path },
    { cwd: path },
  );
  if (code !== 0) throw new Error(stderr);
  client = new AssayClient({ url: server.url, actor: 'Jörg ✓', backOffMs: 5 });
});

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('the client', () => {
  test('goes over families, versions and events, page after page', async () => {
    const families = (await all(client.families())).map(({ family }) => family);
    expect(families).toEqual([...families].sort());
    expect(families).toContain(CAROM);
    expect((await all(client.families({ prefix: 'containers/' }))).map(({ family }) => family)).toEqual([
      'containers/claude',
    ]);
    const first = await client.versionPage(CAROM, { n: 1 });
    const second = await client.versionPage(CAROM, { n: 1, last: first.next! });
    expect([...first.versions, ...second.versions]).toEqual(await all(client.versions(CAROM)));
    expect((await all(client.history(CAROM))).filter(({ what }) => what === 'published')).toHaveLength(2);
    expect((await client.family(CAROM)).latest).toBe('v1.1.0');
  });

  test('gets metadata, manifest, archive and every file as their digests say', async () => {
    const version = await client.version(of);
    expect(sha256(await client.metadata(of))).toBe(version.config.digest);
    expect(sha256(await client.manifest(CAROM, version.digest))).toBe(version.digest);
    expect(sha256(await gatherUpTo(1e8, client.archive(of)))).toBe(version.layer.digest);
    const { files } = await client.files({ family: CAROM, ref: version.digest });
    for (const { path, digest, size } of files) {
      const bytes = await gatherUpTo(1e8, client.file(of, path));
      expect([path, sha256(bytes)]).toEqual([path, digest]);
      if (size < 3) continue;
      const part = await gatherUpTo(1e8, client.file(of, path, { start: 1, end: size - 1, etag: `"${digest}"` }));
      expect(part.equals(bytes.subarray(1, -1))).toBe(true);
    }
  });

  test('moves pins, and is told when somebody else did', async () => {
    const old = await client.version(of);
    const pin = await client.movePin(CAROM, 'stable', { to: 'v1.0.0', expect: null, note: 'first' });
    expect(pin).toMatchObject({ version: 'v1.0.0', by: { name: 'Jörg ✓' } });
    const refused = client.movePin(CAROM, 'stable', { to: 'v1.1.0', expect: null });
    await expect(refused).rejects.toMatchObject({ code: 'pin-moved', status: 409 });
    await client.movePin(CAROM, 'stable', { to: 'v1.1.0', expect: old.digest });
    expect((await client.pins(CAROM)).map(({ version }) => version)).toEqual(['v1.1.0']);
    expect((await client.pin(CAROM, 'stable')).history).toHaveLength(2);
    const now = await client.version({ family: CAROM, ref: 'stable' });
    await client.removePin(CAROM, 'stable', { expect: now.digest });
    expect(await client.pins(CAROM)).toEqual([]);
  });

  test('says things of a version, and compares two', async () => {
    const stated = await client.state(of, { kind: 'erratum', text: 'a typo in the prompt' });
    expect(stated.statements.at(-1)).toMatchObject({ kind: 'erratum', by: { name: 'Jörg ✓' } });
    const { changed, added, removed, paths } = await client.diff(of, { family: CAROM, ref: 'v1.1.0' });
    expect(changed + added + removed).toBe(paths.length);
  });

  test('tells a refusal with the server’s code', async () => {
    await expect(client.version({ family: CAROM, ref: 'v9.0.0' })).rejects.toMatchObject({ status: 404 });
    await expect(client.family('no/such')).rejects.toMatchObject({ status: 404 });
    await expect(gatherUpTo(10, client.file(of, 'no/such'))).rejects.toMatchObject({ code: 'file-unknown' });
  });
});
