import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { loadDefinition } from '../../../lib/client/load-definition.ts';
import { newFiles } from '../../../lib/client/new-files.ts';
import { outcomeOn } from '../../../lib/client/outcome.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { useDefinitionServer } from '../../support/definition-server.ts';
import { directoryState } from '../../support/directory-state.ts';
import { usePullPlace } from '../../support/pull-place.ts';
import { sampleDefinition, type SampleDefinition, type SampleFiles } from '../../support/sample-definition.ts';

const server = useDefinitionServer();
const place = usePullPlace(server);

const BIG = randomBytes(300_000);
const FILES: SampleFiles = {
  'README.md': 'a test case\n',
  'assets/big.bin': BIG,
  'assets/same.bin': BIG,
  'assets/more/empty': '',
  'bin/run.sh': { run: '#!/bin/sh\n' },
  'docs/latest': { link: '../README.md' },
  outside: { link: '/etc/passwd' },
  dangling: { link: 'nowhere/at/all' },
  [`long/${'x'.repeat(120)}/${'y'.repeat(120)}`]: 'long names',
  Zeta: 'z',
  'naïve.txt': 'ü',
};
let carom: SampleDefinition;

beforeEach(async () => {
  carom = await sampleDefinition(FILES);
  server().add(carom);
});

async function expectCarom(directory = place().target): Promise<void> {
  const state = await directoryState(directory);
  const wanted = Object.fromEntries(
    Object.entries(FILES).map(([path, file]) => {
      if (typeof file === 'object' && 'link' in file) return [path, `link ${file.link}`];
      const mode = typeof file === 'object' && 'run' in file ? '755' : '644';
      return [path, `${mode} ${carom.content.get(path)!.toString('base64')}`];
    }),
  );
  expect(Object.fromEntries(Object.entries(state).filter(([path]) => !path.endsWith('/')))).toEqual(wanted);
}

describe('a pull', () => {
  test('makes the directory, in parents that were not there, and leaves nothing beside it', async () => {
    const pulled = await place().pull();
    expect(pulled).toMatchObject({
      outcome: 'pulled',
      version: 'v1.0.0',
      digest: carom.version.digest,
      tree: carom.version.tree,
      files: 11,
    });
    await expectCarom();
    expect(await place().beside()).toEqual(['carom']);
    expect((await stat(place().target)).mode & 0o777).toBe(0o755 & ~process.umask());
  });

  test('fetches each content once, as ranges of the archive', async () => {
    const { fetched } = await place().pull();
    expect(fetched.files).toBe(7);
    expect(fetched.bytes).toBeLessThan(BIG.length + 40_000);
    for (const { headers } of server().askedFor('/archive')) expect(headers.range).toMatch(/^bytes=/);
  });

  test('fetches nothing that the cache has', async () => {
    await place().pull();
    server().asked.length = 0;
    const again = await place().pull({ directory: join(place().folder, 'again') });
    expect(again).toMatchObject({ outcome: 'pulled', fetched: { files: 0, bytes: 0 } });
    expect(server().asked.map(({ path }) => path)).toEqual(['/api/v1/definitions/test-cases/carom@v1.0.0']);
    const next = await sampleDefinition({ ...FILES, 'README.md': 'changed', 'new.txt': 'new' }, { version: 'v1.1.0' });
    server().add(next);
    expect((await place().pull({ ref: 'v1.1.0', directory: join(place().folder, 'next') })).fetched.files).toBe(2);
  });

  test('leaves a directory alone that is what is wanted', async () => {
    await place().pull();
    const before = await stat(join(place().target, 'README.md'));
    expect((await place().pull()).outcome).toBe('already-there');
    const after = await stat(join(place().target, 'README.md'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  test('fills an empty folder', async () => {
    await mkdir(place().target, { recursive: true });
    expect((await place().pull()).outcome).toBe('pulled');
    await expectCarom();
  });

  test('goes to where a link leads', async () => {
    await mkdir(join(place().folder, 'elsewhere'));
    await mkdir(join(place().folder, 'work'));
    await symlink(join(place().folder, 'elsewhere'), place().target);
    await place().pull();
    await expectCarom(join(place().folder, 'elsewhere'));
    expect((await place().pull()).outcome).toBe('already-there');
  });

  test('takes a pin, the newest release and a digest', async () => {
    const next = await sampleDefinition({ a: 'b' }, { version: 'v2.0.0' });
    server().add(next);
    server().pin('stable', carom);
    expect((await place().pull({ ref: 'stable' })).version).toBe('v1.0.0');
    expect((await place().pull({ ref: 'latest' })).version).toBe('v2.0.0');
    expect((await place().pull({ ref: carom.version.digest })).version).toBe('v1.0.0');
    await expectCarom();
  });

  test('takes a container that was published with an image', async () => {
    const claude = await sampleDefinition(
      { Dockerfile: 'FROM x' },
      { family: 'containers/claude', kind: 'container', withImage: true },
    );
    server().add(claude);
    await place().pull({ family: 'containers/claude' });
    expect(await directoryState(place().target)).toHaveProperty('Dockerfile');
  });

  test('obeys a lock without asking what the ref is now', async () => {
    const { version, digest, tree } = carom.version;
    await place().pull({ ref: 'stable', locked: { version, digest, tree } });
    await expectCarom();
    expect(server().asked.some(({ path }) => path.includes('@stable'))).toBe(false);
    const wrong = place().pull({ locked: { version, digest, tree: '3'.repeat(40) }, directory: `${place().target}2` });
    await expect(wrong).rejects.toMatchObject({ code: 'wrong-bytes' });
  });
});

describe('a directory that holds something', () => {
  test('is replaced when it was pulled and nobody changed it', async () => {
    const next = await sampleDefinition({ 'README.md': 'next' }, { version: 'v2.0.0' });
    server().add(next);
    await place().pull();
    expect((await place().pull({ ref: 'v2.0.0' })).outcome).toBe('replaced');
    expect(Object.keys(await directoryState(place().target))).toEqual(['README.md']);
    expect(await place().beside()).toEqual(['carom']);
  });

  const CHANGES: Record<string, (directory: string) => Promise<void>> = {
    'a file that was changed': (directory) => writeFile(join(directory, 'README.md'), 'a test case!'),
    'a file of the same length that was changed': (directory) =>
      writeFile(join(directory, 'README.md'), 'A test case\n'),
    'a file more': (directory) => writeFile(join(directory, 'assets/result.json'), '{}'),
    'a folder more': (directory) => mkdir(join(directory, 'results')),
    'a file less': (directory) => rm(join(directory, 'README.md')),
    'another mode': (directory) => chmod(join(directory, 'README.md'), 0o755),
    'a link in place of a file': async (directory) => {
      await rename(join(directory, 'README.md'), join(dirname(directory), 'README.md'));
      await symlink('../README.md', join(directory, 'README.md'));
    },
    'a link in place of a folder': async (directory) => {
      await rename(join(directory, 'assets'), join(dirname(directory), 'assets'));
      await symlink('../assets', join(directory, 'assets'));
    },
    'a link to elsewhere': async (directory) => {
      await rm(join(directory, 'outside'));
      await symlink('/etc/shadow', join(directory, 'outside'));
    },
  };

  test.each(Object.keys(CHANGES))('is not replaced with %s, unless forced', async (change) => {
    const next = await sampleDefinition({ 'README.md': 'next' }, { version: 'v2.0.0' });
    server().add(next);
    await place().pull();
    await CHANGES[change]!(place().target);
    const before = await directoryState(place().target);
    const refused = place().pull({ ref: 'v2.0.0' });
    await expect(refused).rejects.toMatchObject({ code: 'occupied', message: expect.stringContaining('--force') });
    expect(await directoryState(place().target)).toEqual(before);
    expect((await place().pull({ ref: 'v2.0.0', force: true })).outcome).toBe('replaced');
    expect(Object.keys(await directoryState(place().target))).toEqual(['README.md']);
  });

  test('that nobody pulled is refused, a file as well', async () => {
    await mkdir(place().target, { recursive: true });
    await writeFile(join(place().target, 'mine'), '');
    await expect(place().pull()).rejects.toMatchObject({ code: 'occupied' });
    const file = join(place().folder, 'file');
    await writeFile(file, 'mine');
    await expect(place().pull({ directory: file })).rejects.toMatchObject({ code: 'occupied' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await place().beside()).toEqual(['carom']);
  });

  test('is never one that holds the current folder or home, not by force either', async () => {
    for (const directory of [process.cwd(), dirname(process.cwd()), '/'])
      await expect(place().pull({ directory, force: true })).rejects.toMatchObject({ code: 'occupied' });
  });

  test('is not thought the same on a server’s word', async () => {
    await mkdir(place().target, { recursive: true });
    await writeFile(join(place().target, 'a'), 'evil');
    const good = await sampleDefinition({ a: 'good' }, { family: 'f', unnamed: true });
    const evil = await sampleDefinition({ a: 'evil' }, { family: 'f' });
    const listing = { ...evil.listing, layer: good.listing.layer };
    server().add({ ...good, listing, version: { ...good.version, tree: evil.version.tree } });
    await expect(place().pull({ family: 'f' })).rejects.toMatchObject({ code: 'wrong-bytes' });
  });
});

describe('a cache', () => {
  test('that holds any of the files leads to the same directory', { timeout: 60_000 }, async () => {
    await place().pull();
    const digests = [...new Set(carom.listing.files.filter(({ kind }) => kind !== 'link').map(({ digest }) => digest))];
    const state = fc.constantFrom('kept', 'gone', 'damaged', 'short');
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(state, { minLength: digests.length, maxLength: digests.length }), async (states) => {
        for (const [at, digest] of digests.entries()) {
          const path = place().cache.layout.content(digest);
          const bytes = await readFile(path);
          if (states[at] === 'gone') await rm(path);
          if (states[at] === 'damaged' && bytes.length > 0)
            await writeFile(path, Buffer.from(bytes.map((byte) => byte ^ 1)));
          if (states[at] === 'short') await writeFile(path, bytes.subarray(1));
        }
        const directory = join(place().folder, `run-${(run += 1)}`);
        await place().pull({ directory });
        await expectCarom(directory);
        for (const digest of digests) expect(sha256(await readFile(place().cache.layout.content(digest)))).toBe(digest);
      }),
      { numRuns: 25 },
    );
  });

  test('with damaged documents is mended', async () => {
    await place().pull();
    for (const name of ['definitions', 'refs', 'pulled']) {
      for (const file of await readdir(join(place().cache.layout.folder, name)))
        await writeFile(join(place().cache.layout.folder, name, file), '{"manifests":["x"],"listing":{}}');
    }
    await place().pull({ directory: `${place().target}2` });
    await expectCarom(`${place().target}2`);
  });
});

describe('a file system that takes two names for one', () => {
  const make = {
    folder: (path: string) => newFiles.folder(folding(path)),
    copy: (from: { path: string; mode: number }, path: string, mode: number) =>
      newFiles.copy(from, folding(path), mode),
    link: (target: Uint8Array, path: string) => newFiles.link(target, folding(path)),
  };

  test.each([
    ['two files', { 'readme.md': 'a', 'README.md': 'b' }, ['readme.md', 'README.md']],
    ['two folders', { 'docs/a': 'a', 'Docs/b': 'b' }, ['docs', 'Docs']],
    ['a folder and a link', { 'docs/a': 'a', Docs: { link: '/tmp' } }, ['docs', 'Docs']],
    ['two ways to write an accent', { 'caf\u00e9': 'a', 'cafe\u0301': 'b' }, ['caf\u00e9', 'cafe\u0301']],
  ] as const)('has no room for %s: both are named, nothing is left', async (_, files, names) => {
    server().add(await sampleDefinition(files, { family: 'f' }));
    const pulled = place().pull({ family: 'f', make });
    await expect(pulled).rejects.toMatchObject({ code: 'name-clash' });
    for (const name of names) await expect(pulled).rejects.toThrow(name);
    expect(await place().beside()).toEqual([]);
  });
});

test('twenty pulls at once into one directory and one cache all succeed', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, () => place().pull()));
  expect(results.filter(({ outcome }) => outcome === 'pulled')).toHaveLength(1);
  expect(results.filter(({ outcome }) => outcome === 'already-there')).toHaveLength(19);
  await expectCarom();
  expect(await place().beside()).toEqual(['carom']);
  const left = await readdir(place().cache.layout.folder, { recursive: true });
  expect(left.filter((path) => path.includes('.new-'))).toEqual([]);
});

test('pulls of different versions into one directory leave one of them whole', async () => {
  const next = await sampleDefinition({ 'README.md': 'next' }, { version: 'v2.0.0' });
  server().add(next);
  await place().pull();
  const refs = ['v2.0.0', 'v1.0.0', 'v2.0.0', 'v1.0.0', 'v2.0.0', 'v2.0.0'];
  const outcomes = await Promise.all(refs.map(async (ref) => (await place().pull({ ref })).outcome));
  expect(outcomes).toContain('replaced');
  expect(await place().beside()).toEqual(['carom']);
  const readme = await readFile(join(place().target, 'README.md'), 'utf8');
  const whole = readme === 'next' ? next : carom;
  const files = Object.keys(await directoryState(place().target)).filter((path) => !path.endsWith('/'));
  expect(files.sort()).toEqual([...whole.content.keys()].sort());
});

test('a directory that another takes away while it is looked at is looked at again', async () => {
  const next = await sampleDefinition({ 'README.md': 'next' }, { version: 'v2.0.0' });
  server().add(next);
  await place().pull();
  const directory = place().target;
  const wanted = await loadDefinition('test-cases/carom', next.version.digest, place());
  const takenAway = vi.fn<() => void>(() => renameSync(directory, `${directory}.away`));
  const onProgress = () => {
    if (takenAway.mock.calls.length === 0) takenAway();
  };
  expect(await outcomeOn(directory, wanted, { ...place(), onProgress })).toBe('pulled');
  expect(takenAway).toHaveBeenCalledOnce();
});

function folding(path: string): string {
  return join(
    dirname(path),
    path
      .slice(dirname(path).length + 1)
      .normalize('NFC')
      .toLowerCase(),
  );
}
