import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { useDefinitionServer, type Fault } from '../../support/definition-server.ts';
import { directoryState } from '../../support/directory-state.ts';
import { usePullPlace } from '../../support/pull-place.ts';
import { sampleDefinition, type SampleDefinition } from '../../support/sample-definition.ts';

const server = useDefinitionServer();
const place = usePullPlace(server);
const FILES = {
  'a.bin': randomBytes(200_000),
  'b.bin': randomBytes(5_000_000),
  'c.bin': randomBytes(5_000_000),
  d: 'd',
};
let carom: SampleDefinition;

beforeEach(async () => {
  carom = await sampleDefinition(FILES);
  server().add(carom);
});

/** Faults of what is asked for at a path that ends like this, one after the other. */
function faults(end: string, ...list: (Fault | undefined)[]): void {
  server().fault = ({ path }) => (path.endsWith(end) ? list.shift() : undefined);
}

async function expectCarom(): Promise<void> {
  const { target } = place();
  for (const [path, bytes] of carom.content) expect(sha256(await readFile(join(target, path)))).toBe(sha256(bytes));
  expect(Object.keys(await directoryState(target))).toHaveLength(4);
}

/** No target, nothing beside it, and not even the folder that was made for it. */
async function expectNothing(): Promise<void> {
  expect(await readdir(place().folder)).not.toContain('work');
  const left = await readdir(place().cache.layout.folder, { recursive: true }).catch(() => []);
  expect(left.filter((path) => path.includes('.new-'))).toEqual([]);
}

describe('a pull that is disturbed', () => {
  test('resumes ranges that are cut', async () => {
    faults('/archive', { cutAfter: 70_000 }, { cutAfter: 500_000 }, { cutAfter: 0 }, { silentAfter: 300_000 });
    await place().pull();
    await expectCarom();
    expect(server().askedFor('/archive').length).toBeGreaterThan(5);
  });

  test('waits for a server that is busy', async () => {
    let left = 5;
    server().fault = () =>
      (left -= 1) > 0 && left % 2 === 0 ? { status: 503, headers: { 'retry-after': '0' } } : undefined;
    await place().pull();
    await expectCarom();
  });

  test('fetches again what came wrong once', async () => {
    faults('/archive', { change: (body) => Buffer.from(body).fill(7, body.length >> 1) });
    await place().pull();
    await expectCarom();
  });

  test.each([
    ['wrong bytes', '/archive', { change: (body: Buffer) => body.fill(0) }, 'wrong-bytes'],
    ['a short archive', '/archive', { change: (body: Buffer) => body.subarray(0, -1) }, 'unreachable'],
    ['a long archive', '/archive', { change: (body: Buffer) => Buffer.concat([body, body]) }, 'bad-answer'],
    ['another manifest', '/manifests/', { change: () => Buffer.from('{"layers":[]}') }, 'wrong-bytes'],
    ['a list that is none', '/files', { change: () => Buffer.from('[]') }, 'bad-answer'],
    ['a server that fails', '/archive', { status: 500, json: { code: 'unknown' } }, 'unknown'],
    ['a busy server', '/archive', { status: 503 }, 'unknown'],
    ['a silent server', '/archive', { silentAfter: 100 }, 'stalled'],
  ])('ends and leaves nothing behind for %s', async (_, end, fault, code) => {
    server().fault = ({ path }) => (path.includes(end) ? fault : undefined);
    await expect(place().pull()).rejects.toMatchObject({ code });
    await expectNothing();
  });

  test('goes on the next time with what came whole', async () => {
    server().fault = ({ path, headers }) =>
      path.endsWith('/archive') && !headers.range?.startsWith('bytes=512-') ? { cutAfter: 0 } : undefined;
    await expect(place().pull()).rejects.toMatchObject({ code: 'unreachable' });
    server().fault = () => undefined;
    server().asked.length = 0;
    const { fetched } = await place().pull();
    expect(fetched.files).toBeLessThan(4);
    await expectCarom();
  });

  test('leaves nothing behind when it is interrupted anywhere', async () => {
    for (const end of ['@v1.0.0', '/files', '/manifests/', '/archive']) {
      const ending = new AbortController();
      server().fault = ({ path }) => {
        if (!path.includes(end)) return undefined;
        setTimeout(() => ending.abort(), 5);
        return { silentAfter: 100_000 };
      };
      await expect(place().pull({ signal: ending.signal })).rejects.toMatchObject({ code: 'aborted' });
      await expectNothing();
    }
    for (const doing of ['fetching', 'checking']) {
      server().fault = () => undefined;
      const ending = new AbortController();
      const onProgress = (what: string): void => {
        if (what === doing) ending.abort();
      };
      await expect(place().pull({ signal: ending.signal, onProgress })).rejects.toMatchObject({ code: 'aborted' });
      await expectNothing();
    }
  });

  test('keeps parents that were there', async () => {
    await mkdir(join(place().folder, 'work'));
    server().fault = ({ path }) => (path.endsWith('/archive') ? { status: 500 } : undefined);
    await expect(place().pull()).rejects.toMatchObject({ status: 500 });
    expect(await place().beside()).toEqual([]);
  });
});

describe('a list that lies', () => {
  test.each([
    ['of a mode', (file: object) => ({ ...file, kind: 'executable' })],
    ['of a name', (file: object) => ({ ...file, path: 'other' })],
  ])('%s is found out before anything is there, and is not kept', async (_, change) => {
    carom = await sampleDefinition(FILES, { unnamed: true });
    server().forget();
    server().add(carom);
    const lie = carom.listing.files.map((file) =>
      file.path === 'd' ? change(file) : file,
    ) as typeof carom.listing.files;
    const honest = carom.listing;
    // The tree of the lie, so that only the layer's digest tells.
    const { listing } = await sampleDefinition(
      Object.fromEntries(lie.map(({ path, kind }) => [path, contentOf(path, kind)])),
    );
    Object.assign(carom, {
      listing: { ...listing, layer: honest.layer },
      version: { ...carom.version, tree: listing.tree },
    });
    await expect(place().pull()).rejects.toMatchObject({ code: expect.stringMatching(/^(?:wrong-bytes|bad-answer)$/) });
    await expectNothing();
    Object.assign(carom, { listing: honest, version: { ...carom.version, tree: honest.tree } });
    await place().pull();
    await expectCarom();
  });

  test.each(['../evil', '/etc/evil', '.git/config', 'a/../../evil', 'a.bin/below'])(
    'with %s writes nothing',
    async (path) => {
      const files = [...carom.listing.files, { ...carom.listing.files[0]!, path }];
      Object.assign(carom, { listing: { ...carom.listing, files } });
      await expect(place().pull()).rejects.toMatchObject({ code: 'bad-answer' });
      await expectNothing();
      expect(server().askedFor('/archive')).toEqual([]);
    },
  );

  test('with a link and a file below it writes nothing through the link', async () => {
    const outside = join(place().folder, 'outside');
    await mkdir(outside);
    const { listing } = await sampleDefinition({ door: { link: outside }, d: 'd' });
    const below = { ...listing.files[0]!, path: 'door/evil' };
    Object.assign(carom, { listing: { ...listing, layer: carom.listing.layer, files: [...listing.files, below] } });
    await expect(place().pull()).rejects.toMatchObject({ code: 'bad-answer' });
    expect(await readdir(outside)).toEqual([]);
  });
});

describe('without a server', () => {
  beforeEach(() => {
    server().pin('stable', carom);
  });

  test('a version and a digest come from the cache, and a person is told', async () => {
    await place().pull();
    await server().stop();
    for (const ref of ['v1.0.0', carom.version.digest]) {
      const directory = join(place().folder, ref.slice(0, 6));
      expect(await place().pull({ ref, directory })).toMatchObject({ outcome: 'pulled', version: 'v1.0.0' });
    }
    expect(place().notices[0]).toMatch(/no server answers .* from the cache/);
    await server().start();
  });

  test('a pin is taken from the cache only when that is asked for', async () => {
    await place().pull({ ref: 'stable' });
    await server().stop();
    const directory = `${place().target}2`;
    const refused = place().pull({ ref: 'stable', directory });
    await expect(refused).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('--offline') });
    await place().pull({ ref: 'stable', directory, offline: true });
    expect(place().notices.at(-1)).toMatch(/was v1\.0\.0 on .* whether it has moved/);
    await server().start();
  });

  test('what the cache lacks is told', async () => {
    await expect(place().pull({ offline: true })).rejects.toMatchObject({ code: 'not-cached' });
    await place().pull();
    const d = carom.listing.files.find(({ path }) => path === 'd')!;
    await place().cache.drop(d.digest);
    server().asked.length = 0;
    const refused = place().pull({ offline: true, directory: `${place().target}2` });
    await expect(refused).rejects.toThrow('1 of 4 files');
    expect(server().asked).toEqual([]);
    await server().stop();
    await expect(place().pull({ directory: `${place().target}2` })).rejects.toThrow(/no server answers.*1 of 4 files/);
    await server().start();
  });
});

test('a server that gives one version for another, or for one of another family, is found out', async () => {
  const next = await sampleDefinition({ d: 'next' }, { version: 'v2.0.0' });
  const other = await sampleDefinition({ d: 'other' }, { family: 'test-cases/other' });
  server().forget();
  server().add({ ...next, version: { ...next.version, version: 'v1.0.0' } });
  await expect(place().pull()).rejects.toThrow('what should be v1.0.0 says that it is v2.0.0');
  server().forget();
  server().add({ ...other, version: { ...other.version, family: 'test-cases/carom', version: 'v3.0.0' } });
  await expect(place().pull({ ref: 'v3.0.0' })).rejects.toMatchObject({ code: 'another-family' });
  await expectNothing();
});

test('a version that names something else than before is refused', async () => {
  await place().pull();
  server().forget();
  server().add(await sampleDefinition({ other: 'bytes' }));
  await expect(place().pull()).rejects.toMatchObject({ code: 'version-changed' });
});

function contentOf(path: string, kind: string): Buffer | { run: string } {
  const bytes = carom.content.get(path) ?? Buffer.from('d');
  return kind === 'executable' ? { run: bytes.toString() } : bytes;
}
