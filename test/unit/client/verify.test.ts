import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { verify, type Verified } from '../../../lib/client/verify.ts';
import { useDefinitionServer } from '../../support/definition-server.ts';
import { usePullPlace } from '../../support/pull-place.ts';
import { sampleDefinition, type SampleDefinition } from '../../support/sample-definition.ts';

const server = useDefinitionServer();
const place = usePullPlace(server);
const FILES = { 'a.txt': 'a', 'b/c.txt': 'c', 'b/run': { run: 'x' }, link: { link: 'a.txt' }, 'z/only': '' };
const NONE = { changed: [], missing: [], extra: [], mode: [] };
let carom: SampleDefinition;

beforeEach(async () => {
  carom = await sampleDefinition(FILES);
  server().add(carom);
});

function verified(more: { against?: string; directory?: string; offline?: boolean } = {}): Promise<Verified> {
  const { client, cache, target } = place();
  return verify({ client, cache, directory: target, ...more });
}

describe('verify', () => {
  test('finds a directory as it was pulled, without a server', async () => {
    await place().pull();
    server().asked.length = 0;
    const { version, digest } = carom.version;
    expect(await verified()).toMatchObject({ same: true, family: 'test-cases/carom', version, digest, ...NONE });
    expect(server().asked).toEqual([]);
  });

  test('lists everything that differs', async () => {
    await place().pull();
    const at = (path: string): string => join(place().target, path);
    await writeFile(at('a.txt'), 'A');
    await chmod(at('b/c.txt'), 0o755);
    await chmod(at('b/run'), 0o644);
    await rm(at('z'), { recursive: true });
    await rm(at('link'));
    await symlink('b', at('link'));
    await mkdir(at('extra/deep'), { recursive: true });
    await writeFile(at('b/more'), '');
    await symlink('/', at('root'));
    expect(await verified()).toMatchObject({
      same: false,
      changed: ['a.txt', 'link'],
      missing: ['z/only'],
      extra: ['b/more', 'extra/', 'root'],
      mode: ['b/c.txt', 'b/run'],
    });
  });

  test('finds a folder where a file should be, and the other way round', async () => {
    await place().pull();
    const at = (path: string): string => join(place().target, path);
    await rm(at('a.txt'));
    await mkdir(at('a.txt'));
    await rm(at('b'), { recursive: true });
    await writeFile(at('b'), '');
    expect(await verified()).toMatchObject({ changed: ['a.txt', 'b'], missing: ['b/c.txt', 'b/run'], extra: [] });
  });

  test('compares with what is named', async () => {
    await place().pull();
    const next = await sampleDefinition({ ...FILES, 'a.txt': 'next' }, { version: 'v2.0.0' });
    server().add(next);
    expect(await verified({ against: 'test-cases/carom@v2.0.0' })).toMatchObject({ same: false, changed: ['a.txt'] });
    expect(await verified({ against: next.version.digest })).toMatchObject({ same: false, changed: ['a.txt'] });
    expect(await verified({ against: carom.version.digest, offline: true })).toMatchObject({ same: true });
    expect(await verified({ against: 'test-cases/carom@v1.0.0', offline: true })).toMatchObject({ same: true });
    await expect(verified({ against: 'test-cases/carom' })).rejects.toMatchObject({ code: 'bad-reference' });
  });

  test('knows nothing of a directory that was not pulled, nor of none', async () => {
    await mkdir(place().target, { recursive: true });
    await expect(verified()).rejects.toMatchObject({
      code: 'not-cached',
      message: expect.stringContaining('--against'),
    });
    await expect(verified({ against: carom.version.digest })).rejects.toMatchObject({ code: 'not-cached' });
    const missing = join(place().folder, 'none');
    await expect(verified({ directory: missing })).rejects.toMatchObject({ code: 'no-folder' });
  });

  test('does not take a server’s word for the bytes', async () => {
    await mkdir(place().target, { recursive: true });
    await writeFile(join(place().target, 'a'), 'evil');
    const good = await sampleDefinition({ a: 'good' }, { family: 'f', unnamed: true });
    const evil = await sampleDefinition({ a: 'evil' }, { family: 'f' });
    server().add({ ...good, listing: { ...evil.listing, layer: good.listing.layer } });
    await expect(verified({ against: 'f@v1.0.0' })).rejects.toMatchObject({ code: 'wrong-bytes' });
  });
});
