import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { useTemporaryFolder } from '../../../support/use-temporary-folder.ts';
import { descriptorOf, digestOf, imageIndex, imageManifest, json, MEDIA } from '../../../support/oci-content.ts';
import { blobPath, imageNamed, layoutFiles, layoutOf, tagged, writeFolder, type Files } from './support/image-files.ts';
import { readImage, refusal } from './support/read-image.ts';
import { entriesOf, writeTar } from './support/tar-archive.ts';

const folder = useTemporaryFolder();
let made = 0;

async function written(files: Files): Promise<string> {
  return writeFolder(join(folder.path, `layout-${++made}`), files);
}

async function archived(files: Files): Promise<string> {
  return writeTar(join(folder.path, `layout-${++made}.tar`), entriesOf(files));
}

async function refused(files: Files, chosen = ''): ReturnType<typeof refusal> {
  const inFolder = await refusal(readImage(`oci:${await written(files)}${chosen}`));
  const inTar = await refusal(readImage(`oci:${await archived(files)}${chosen}`));
  expect(inTar.code).toBe(inFolder.code);
  return inFolder;
}

const image = imageNamed('one');
const other = imageNamed('other');

function both(): Files {
  const blobs = [image, other].flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  return layoutFiles([tagged(image.descriptor, 'v1'), tagged(other.descriptor, 'v2')], blobs);
}

describe('an OCI layout', () => {
  test('is read from a folder and from a tar, zipped or not, named in each way', async () => {
    const path = await written(layoutOf(image));
    const tar = await archived(layoutOf(image));
    const zipped = tar.replace('.tar', '.tgz');
    await writeFile(zipped, gzipSync(await readFile(tar)));
    const sources = [path, tar, zipped, `oci:${path}`, `oci:${tar}`, `oci:${path}:v1`, `${tar}:v1`, `${path}:v1`];
    for (const source of [...sources, `oci:${path}:@${image.descriptor.digest}`, `${tar}@${image.descriptor.digest}`]) {
      const { digest, mediaType, manifests, blobs } = await readImage(source);
      expect([digest, mediaType]).toEqual([image.descriptor.digest, MEDIA.manifest]);
      expect([...manifests.values()]).toEqual([image.manifest]);
      expect([...blobs.values()]).toEqual([image.config, ...image.layers]);
    }
  });

  test('of several images lists them where none is chosen, and where none is the chosen one', async () => {
    const { code, message } = await refused(both());
    expect(code).toBe('image-ambiguous');
    for (const part of ['v1', 'v2', image.descriptor.digest, other.descriptor.digest]) expect(message).toContain(part);
    const absent = await refused(both(), ':v3');
    expect(absent.code).toBe('image-not-found');
    expect(absent.message).toMatch(/no image v3; these are there:\n {2}v1 .*\n {2}v2 /);
    expect((await readImage(`oci:${await written(both())}:v2`)).digest).toBe(other.descriptor.digest);
  });

  test('that names one image several times holds one image', async () => {
    const files = layoutOf(image);
    files.set('index.json', imageIndex([tagged(image.descriptor, 'a'), tagged(image.descriptor, 'b')]));
    expect((await readImage(await written(files))).digest).toBe(image.descriptor.digest);
  });

  test('may hold no image at all', async () => {
    expect((await refused(layoutFiles([], []))).message).toMatch(/holds no image$/);
  });

  test('of an older specification, whose manifests do not say their type, is read all the same', async () => {
    const { mediaType: _, ...bare } = JSON.parse(image.manifest.toString()) as Record<string, unknown>;
    const manifest = json(bare);
    const descriptor = { digest: digestOf(manifest), size: manifest.length } as never;
    const files = layoutFiles([descriptor], [manifest, image.config, ...image.layers]);
    expect((await readImage(await written(files))).mediaType).toBe(MEDIA.manifest);
  });

  test('is read through links among its blobs', async () => {
    const path = await written(layoutOf(image));
    const blob = join(path, blobPath(image.config));
    await writeFile(join(folder.path, 'elsewhere'), image.config);
    await rm(blob);
    await symlink(join(folder.path, 'elsewhere'), blob);
    expect((await readImage(path)).blobs.size).toBe(3);
  });

  test('shows no control characters of its names', async () => {
    const files = layoutOf(image);
    files.set('index.json', imageIndex([tagged(image.descriptor, '\u001b[2Jv1\n'), tagged(other.descriptor, 'v2')]));
    expect((await refused(files)).message).not.toContain('\u001b');
  });
});

describe('an index in a layout', () => {
  const inner = imageIndex([other.descriptor]);
  const outer = imageIndex([image.descriptor, descriptorOf(inner, MEDIA.index)]);
  const blobs = [outer, inner, image.manifest, other.manifest, image.config, other.config];
  const files = layoutFiles([descriptorOf(outer, MEDIA.index)], [...blobs, ...image.layers, ...other.layers]);

  test('is read whole, with indexes in it, what is named before what names it', async () => {
    const read = await readImage(await written(files));
    expect([...read.manifests.values()]).toEqual([image.manifest, other.manifest, inner, outer]);
    expect(read.blobs.size).toBe(6);
  });

  test('may be left aside for one of its images', async () => {
    const read = await readImage(`oci:${await written(files)}:@${other.descriptor.digest}`);
    expect([...read.manifests.values()]).toEqual([other.manifest]);
  });

  test('is refused where an image of it is missing', async () => {
    const without = new Map(files);
    without.delete(blobPath(other.manifest));
    const { code, message } = await refused(without);
    expect(code).toBe('content-missing');
    expect(message).toContain(other.descriptor.digest);
    expect(message).toContain(digestOf(inner));
  });

  test('is refused where it goes too deep', async () => {
    let index = imageIndex([]);
    const deep = [index];
    for (let depth = 0; depth < 20; depth++) deep.push((index = imageIndex([descriptorOf(index, MEDIA.index)])));
    const { code } = await refused(layoutFiles([descriptorOf(index, MEDIA.index)], deep));
    expect(code).toBe('manifest-invalid');
  });
});

describe('a damaged layout', () => {
  test.each<[string, (files: Files) => void, string, RegExp]>([
    ['lacks a layer', (f) => f.delete(blobPath(image.layers[1]!)), 'content-missing', /./],
    ['lacks its config', (f) => f.delete(blobPath(image.config)), 'content-missing', /./],
    ['lacks its manifest', (f) => f.delete(blobPath(image.manifest)), 'content-missing', /index\.json names/],
    [
      'has a layer of other bytes',
      (f) => swap(f, image.layers[0]!, (b) => b.fill(1, 0, 1)),
      'content-mismatch',
      /digest/,
    ],
    ['has a layer that is cut', (f) => swap(f, image.layers[0]!, (b) => b.subarray(1)), 'content-mismatch', /bytes/],
    [
      'has a layer that is longer',
      (f) => swap(f, image.layers[0]!, (b) => Buffer.concat([b, b])),
      'content-mismatch',
      /more/,
    ],
    ['has another manifest', (f) => swap(f, image.manifest, (b) => b.fill(' ', 1, 2)), 'content-mismatch', /digest/],
    [
      'has a manifest of another size',
      (f) => swap(f, image.manifest, (b) => b.subarray(1)),
      'content-mismatch',
      /bytes/,
    ],
    ['has an index.json that is no JSON', (f) => f.set('index.json', Buffer.from('{')), 'manifest-invalid', /not JSON/],
    ['has an index.json without a list', (f) => f.set('index.json', json({})), 'manifest-invalid', /no list/],
    ['has an index.json of null', (f) => f.set('index.json', json(null)), 'manifest-invalid', /no list/],
    [
      'names what is no digest',
      (f) => f.set('index.json', json({ manifests: [{ digest: '../../x' }] })),
      'manifest-invalid',
      /no digest/,
    ],
    ['names nothing', (f) => f.set('index.json', json({ manifests: [null] })), 'manifest-invalid', /no digest/],
    ['lacks oci-layout', (f) => f.delete('oci-layout'), 'not-an-image', /no OCI layout/],
    ['lacks index.json', (f) => f.delete('index.json'), 'not-an-image', /no OCI layout/],
    [
      'is of another version',
      (f) => f.set('oci-layout', json({ imageLayoutVersion: '2.0.0' })),
      'not-an-image',
      /version/,
    ],
  ])('is refused that %s', async (_, change, code, why) => {
    const files = new Map([...layoutOf(image)].map(([path, bytes]) => [path, Buffer.from(bytes)] as const));
    change(files);
    const found = await refused(files);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(why);
  });

  test('is refused where its manifest is none', async () => {
    for (const manifest of [Buffer.from('no JSON'), json([]), json({ schemaVersion: 2 }), json({ schemaVersion: 1 })]) {
      const files = layoutFiles([descriptorOf(manifest, MEDIA.manifest)], [manifest]);
      expect((await refused(files)).code).toBe('manifest-invalid');
    }
  });

  test('is refused where two manifests give a blob two sizes', async () => {
    const layer = descriptorOf(image.layers[0]!, MEDIA.layer);
    const manifests = [layer, { ...layer, size: layer.size + 1 }].map((one) =>
      imageManifest(descriptorOf(image.config, MEDIA.config), [one]),
    );
    const index = imageIndex(manifests.map((bytes) => descriptorOf(bytes, MEDIA.manifest)));
    const blobs = [index, ...manifests, image.config, image.layers[0]!];
    expect((await refused(layoutFiles([descriptorOf(index, MEDIA.index)], blobs))).code).toBe('content-mismatch');
  });

  test('may lack layers that may not be given away', async () => {
    const foreign = {
      ...descriptorOf(Buffer.from('of others'), MEDIA.dockerForeignLayer),
      urls: ['https://example.org/'],
    };
    const manifest = imageManifest(descriptorOf(image.config, MEDIA.config), [foreign]);
    const files = layoutFiles([descriptorOf(manifest, MEDIA.manifest)], [manifest, image.config]);
    expect((await readImage(await written(files))).blobs.size).toBe(1);
    files.set(blobPath(Buffer.from('of others')), Buffer.from('of others'));
    expect((await readImage(await written(files))).blobs.size).toBe(2);
  });
});

function swap(files: Files, bytes: Buffer, change: (bytes: Buffer) => Buffer): void {
  files.set(blobPath(bytes), change(Buffer.from(bytes)));
}
