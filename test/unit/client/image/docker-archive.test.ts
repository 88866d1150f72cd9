import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { digestOf, json, MEDIA } from '../../../support/oci-content.ts';
import { useTemporaryFolder } from '../../../support/use-temporary-folder.ts';
import { dockerFiles, imageNamed, layoutOf, type Files } from './support/image-files.ts';
import { readImage, refusal } from './support/read-image.ts';
import { entriesOf, writeTar, type TarEntry } from './support/tar-archive.ts';

const folder = useTemporaryFolder();
let made = 0;

async function written(entries: Iterable<TarEntry>): Promise<string> {
  return writeTar(join(folder.path, `archive-${++made}.tar`), entries);
}

const one = { ...imageNamed('one'), tags: ['example/one:v1', 'example/one:latest'] };
const two = { ...imageNamed('two'), tags: ['docker.io/library/two:v2'] };
const bare = imageNamed('bare');

function list(image: unknown): (files: Files) => void {
  return (files) => void files.set('manifest.json', json([image]));
}

describe('a Docker archive', () => {
  test('becomes an OCI image of its config and its layers as they are', async () => {
    const { digest, mediaType, manifests, blobs } = await readImage(await written(entriesOf(dockerFiles([one]))));
    expect(mediaType).toBe(MEDIA.manifest);
    expect([...blobs.values()]).toEqual([one.config, ...one.layers]);
    expect([...manifests.values()]).toEqual([one.manifest]);
    expect(digest).toBe(one.descriptor.digest);
  });

  test('gives the same digest however it was written', async () => {
    const entries = entriesOf(dockerFiles([one]));
    const tar = await written(entries);
    const zipped = join(folder.path, 'same.tar.gz');
    await writeFile(zipped, gzipSync(await readFile(tar)));
    for (const path of [tar, zipped, await written(entries.toReversed())]) {
      expect((await readImage(path)).digest).toBe(one.descriptor.digest);
    }
  });

  test('leaves nothing of what was unpacked, whole or damaged', async () => {
    const temporary = join(folder.path, 'temporary');
    await mkdir(temporary);
    vi.stubEnv('TMPDIR', temporary);
    try {
      const zipped = join(folder.path, 'left.tar.gz');
      const bytes = gzipSync(await readFile(await written(entriesOf(dockerFiles([one])))));
      await writeFile(zipped, bytes);
      await readImage(zipped);
      await writeFile(zipped, bytes.subarray(0, bytes.length - 20));
      await refusal(readImage(zipped));
      expect(await readdir(temporary)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('may have layers that are links to others', async () => {
    const [first, second] = one.layers;
    const files = dockerFiles([one]);
    const [firstPath, secondPath] = [...files.keys()].filter((path) => path.endsWith('layer.tar'));
    const rest = entriesOf(files).filter(({ name }) => !name.endsWith('layer.tar'));
    const path = await written([
      ...rest,
      { name: 'real/first.tar', content: first! },
      { name: 'real/second.tar', content: second! },
      { name: firstPath!, symlink: '../real/first.tar' },
      { name: secondPath!, hardlink: 'real/second.tar' },
    ]);
    expect((await readImage(path)).digest).toBe(one.descriptor.digest);
  });

  test('may name one layer twice', async () => {
    const [layer] = one.layers;
    const config = json({ rootfs: { type: 'layers', diff_ids: [digestOf(layer!), digestOf(layer!)] } });
    const files: Files = new Map([
      ['c.json', config],
      ['l.tar', layer!],
      ['manifest.json', json([{ Config: 'c.json', Layers: ['l.tar', 'l.tar'] }])],
    ]);
    const { manifests, blobs } = await readImage(await written(entriesOf(files)));
    expect(blobs.size).toBe(2);
    expect(JSON.parse([...manifests.values()][0]!.toString())).toMatchObject({ layers: [{}, {}] });
  });

  test('may have no layers', async () => {
    const files: Files = new Map([
      ['c', json({ rootfs: { type: 'layers' } })],
      ['manifest.json', json([{ Config: 'c', Layers: null, RepoTags: null }])],
    ]);
    expect((await readImage(await written(entriesOf(files)))).blobs.size).toBe(1);
  });

  test('may have zipped layers, which are taken as they are and compared by what is in them', async () => {
    const files = dockerFiles([one]);
    for (const [path, bytes] of files) if (path.endsWith('.tar')) files.set(path, gzipSync(bytes));
    const { manifests, blobs } = await readImage(await written(entriesOf(files)));
    const manifest = JSON.parse([...manifests.values()][0]!.toString()) as { layers: { mediaType: string }[] };
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([`${MEDIA.layer}+gzip`, `${MEDIA.layer}+gzip`]);
    expect([...blobs.values()].slice(1)).toEqual(one.layers.map((layer) => gzipSync(layer)));
    const [path] = [...files.keys()].filter((name) => name.endsWith('.tar'));
    files.set(path!, gzipSync(Buffer.from('something else')));
    expect((await refusal(readImage(await written(entriesOf(files))))).code).toBe('content-mismatch');
    files.set(path!, gzipSync(one.layers[0]!).subarray(0, 60));
    expect((await refusal(readImage(await written(entriesOf(files))))).code).toBe('archive-damaged');
  });

  test('of several images needs a choice, by name as Docker writes it or by the digest of a config', async () => {
    const path = await written(entriesOf(dockerFiles([one, two, bare])));
    const { code, message } = await refusal(readImage(path));
    expect(code).toBe('image-ambiguous');
    expect(message).toMatch(
      /example\/one:v1, example\/one:latest .*\n {2}docker\.io\/library\/two:v2 .*\n {2}\(no name\) /,
    );
    const choices = [
      [':example/one:v1', one],
      [':example/one', one],
      [':docker.io/example/one:v1', one],
      [':two:v2', two],
      [':library/two:v2', two],
      [`:@${digestOf(bare.config)}`, bare],
    ] as const;
    for (const [choice, image] of choices) {
      expect((await readImage(`docker-archive:${path}${choice}`)).digest, choice).toBe(image.descriptor.digest);
    }
    expect((await refusal(readImage(`${path}:two`))).code).toBe('image-not-found');
  });

  test('that is a layout as well is read as the layout', async () => {
    const layout = layoutOf(one, 'latest');
    const index = JSON.parse(layout.get('index.json')!.toString()) as { manifests: [{ annotations: object }] };
    index.manifests[0].annotations = {
      'io.containerd.image.name': 'docker.io/example/one:v1',
      'org.opencontainers.image.ref.name': 'v1',
    };
    layout.set('index.json', json(index));
    const files = new Map([...dockerFiles([two]), ...layout]);
    const path = await written(entriesOf(files));
    for (const source of [path, `docker-archive:${path}`, `docker-archive:${path}:example/one:v1`, `${path}:v1`]) {
      expect((await readImage(source)).digest).toBe(one.descriptor.digest);
    }
  });
});

describe('a damaged Docker archive', () => {
  const layerPath = `${digestOf(one.layers[0]!).slice(7)}/layer.tar`;
  const configPath = `${digestOf(one.config).slice(7)}.json`;

  test.each<[string, (files: Files) => void, string, RegExp]>([
    ['lacks a layer', (f) => f.delete(layerPath), 'content-missing', /lacks the layer/],
    ['lacks its config', (f) => f.delete(configPath), 'content-missing', /lacks the config/],
    ['has another layer', (f) => f.set(layerPath, Buffer.from(one.layers[1]!)), 'content-mismatch', /digest/],
    ['has another config', (f) => f.set(configPath, Buffer.from(two.config)), 'content-mismatch', /digest/],
    ['has a config that is no JSON', (f) => config(f, Buffer.from('{')), 'manifest-invalid', /diff_ids/],
    ['has a config of null', (f) => config(f, json(null)), 'archive-damaged', /layers/],
    [
      'has a config of bad digests',
      (f) => config(f, json({ rootfs: { diff_ids: ['x'] } })),
      'manifest-invalid',
      /diff_ids/,
    ],
    [
      'has fewer layers than its config',
      (f) => config(f, json({ rootfs: { diff_ids: [] } })),
      'archive-damaged',
      /layers/,
    ],
    ['is of no image', (f) => f.set('manifest.json', json([])), 'image-not-found', /no image/],
    ['has no list', (f) => f.set('manifest.json', json({})), 'manifest-invalid', /not a list/],
    [
      'has a manifest.json that is no JSON',
      (f) => f.set('manifest.json', Buffer.from('[')),
      'manifest-invalid',
      /JSON/,
    ],
    ['names no config', list({}), 'manifest-invalid', /no Config/],
    ['names nothing', list(null), 'manifest-invalid', /no Config/],
    ['names layers by numbers', list({ Config: configPath, Layers: [1] }), 'manifest-invalid', /Layers/],
    ['climbs for its config', list({ Config: '../../../etc/passwd', Layers: [] }), 'content-missing', /config/],
    ['climbs for a layer', list({ Config: configPath, Layers: ['/etc/passwd', 'x'] }), 'content-missing', /layer/],
    ['lacks manifest.json', (f) => f.delete('manifest.json'), 'not-an-image', /neither/],
  ])('is refused that %s', async (_, change, code, why) => {
    const files = dockerFiles([one]);
    change(files);
    const found = await refusal(readImage(await written(entriesOf(files))));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(why);
  });

  test('is refused where it ends early, zipped or not', async () => {
    const whole = await readFile(await written(entriesOf(dockerFiles([one]))));
    const path = join(folder.path, 'cut.tar');
    await writeFile(path, whole.subarray(0, whole.length / 2));
    expect((await refusal(readImage(path))).code).toBe('archive-damaged');
    await writeFile(path, gzipSync(whole).subarray(0, 500));
    expect(await refusal(readImage(path))).toEqual({
      code: 'archive-damaged',
      message: `${path} is damaged: its gzip cannot be read`,
    });
    await writeFile(path, '');
    expect((await refusal(readImage(path))).code).toBe('not-an-image');
  });

  function config(files: Files, bytes: Buffer): void {
    files.set('config', bytes);
    files.set('manifest.json', json([{ Config: 'config', Layers: [layerPath, layerPath] }]));
  }
});
