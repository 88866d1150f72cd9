import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { pushImage, type PushedImage } from '../../lib/client/image/push-image.ts';
import { piecesBehind } from '../support/behind-the-server.ts';
import { useDockerRegistry } from '../support/docker-registry.ts';
import { buildWithUmoci, ImageTools } from '../support/image-tools.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { textOf, send } from '../support/http.ts';
import {
  descriptorOf,
  digestOf,
  imageIndex,
  imageManifest,
  json,
  MEDIA,
  randomContent,
} from '../support/oci-content.ts';
import { collect, readLayout, writeLayout, type Closure } from '../support/oci-layout.ts';
import { describeWith } from '../support/programs.ts';
import { expectStatus, freshRepository, Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const server = useServer();
const folder = useTemporaryFolder();

async function push(source: string, family: string): Promise<PushedImage> {
  return pushImage({ source, server: server.url, family, actor: 'Tester' });
}

async function stored(family: string, root: string): Promise<Closure> {
  const repository = new Repository(server, family);
  const fetch = async (path: string) => expectStatus(await repository.get(path), 200).body;
  return {
    root,
    content: await collect(
      root,
      (digest) => fetch(`manifests/${digest}`),
      (digest) => fetch(`blobs/${digest}`),
    ),
  };
}

/** Reading a closure compares all bytes with their digests, so that the digests tell the rest. */
function expectSame(found: Closure, expected: Closure): void {
  expect(found.root).toBe(expected.root);
  expect([...found.content.keys()].toSorted()).toEqual([...expected.content.keys()].toSorted());
}

function platforms(): string {
  return join(folder.path, 'platforms');
}

/** Uploads of what is not small: those take two requests, of which this is the second. */
async function uploads(): Promise<number> {
  const metrics = textOf(await send('GET', `${server.url}/metrics`));
  const counts = metrics.matchAll(/^assay_http_request_duration_seconds_count\{route="upload-finish".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function openUploads(): Promise<string[]> {
  return [...(await piecesBehind(server)).keys()].filter((path) => path.startsWith('uploads/'));
}

describe('an image of several platforms', () => {
  const closure = severalPlatforms(300_000);
  beforeAll(() => writeLayout(platforms(), 'v1', MEDIA.index, closure));

  test('is stored as it lies in its layout, without a tag', async () => {
    const family = freshRepository(server, 'containers/all');
    const pushed = await push(platforms(), family.name);
    const size = closure.content.get(closure.root)?.length;
    expect(pushed).toEqual({ digest: closure.root, mediaType: MEDIA.index, size, manifests: 3 });
    expectSame(await stored(family.name, closure.root), closure);
    expect(await family.tags()).toEqual([]);
  });

  test('is pushed again, and to another family, without its bytes', async () => {
    const [first, second] = [freshRepository(server, 'containers/a'), freshRepository(server, 'containers/b')];
    await push(platforms(), first.name);
    const before = await uploads();
    expect(before).toBeGreaterThan(0);
    await push(platforms(), first.name);
    await push(platforms(), second.name);
    expectSame(await stored(second.name, closure.root), closure);
    expect(await uploads()).toBe(before);
  });

  test('comes from a server over a connection that breaks', async () => {
    const origin = freshRepository(server, 'containers/origin');
    const target = freshRepository(server, 'containers/target');
    const fresh = severalPlatforms(2_000_000);
    const from = join(folder.path, 'fresh');
    await writeLayout(from, 'v1', MEDIA.index, fresh);
    const proxy = await CuttingProxy.before(Number(new URL(server.url).port));
    try {
      const through = `http://127.0.0.1:${proxy.port}`;
      proxy.cutNext('request lost');
      await pushImage({ source: from, server: through, family: origin.name });
      expect(proxy.wasCut).toBe(true);
      proxy.cutNext('answer lost');
      const source = `docker://127.0.0.1:${proxy.port}/${origin.name}@${fresh.root}`;
      await pushImage({ source, server: server.url, family: target.name });
    } finally {
      await proxy.close();
    }
    expectSame(await stored(target.name, fresh.root), fresh);
  });

  test('is not stored at all where a blob is damaged', async () => {
    const damaged = severalPlatforms(200_000);
    const from = join(folder.path, 'damaged');
    await writeLayout(from, 'v1', MEDIA.index, damaged);
    const [layer] = [...damaged.content].filter(([, bytes]) => bytes.length === 200_000);
    await writeFile(join(from, 'blobs', ...layer![0].split(':')), Buffer.alloc(200_000));
    const family = freshRepository(server, 'containers/damaged');
    await expect(push(from, family.name)).rejects.toThrow(layer![0]);
    expectStatus(await family.get(`manifests/${damaged.root}`), 404);
    expectStatus(await family.get(`blobs/${layer![0]}`), 404);
    expect(await openUploads()).toEqual([]);
  });
});

describeWith(['skopeo', 'umoci'], 'an image of other tools', () => {
  let tools: ImageTools;
  let built: Closure;
  beforeAll(async () => {
    tools = await ImageTools.in(join(folder.path));
    await buildWithUmoci(tools, 'built', 'v1');
    built = await readLayout(tools.path('built'), 'v1');
  });

  async function comesBack(family: string, digest: string, name: string): Promise<Closure> {
    const from = `docker://${server.address}/${family}@${digest}`;
    await tools.skopeo('copy', '--src-tls-verify=false', '--preserve-digests', from, `oci:${name}:v1`);
    return readLayout(tools.path(name), 'v1');
  }

  test('goes up from its layout and comes back byte for byte', async () => {
    const { digest } = await push(`oci:${tools.path('built')}:v1`, 'containers/layout');
    expect(digest).toBe(built.root);
    expectSame(await comesBack('containers/layout', digest, 'layout-back'), built);
  });

  test('goes up from a layout in a tar', async () => {
    await tools.skopeo('copy', 'oci:built:v1', 'oci-archive:built.tar:v1');
    const { digest } = await push(tools.path('built.tar'), 'containers/tar');
    expectSame(await comesBack('containers/tar', digest, 'tar-back'), built);
  });

  test('goes up from a Docker archive, zipped or not, under one digest', async () => {
    await tools.skopeo('copy', 'oci:built:v1', 'docker-archive:docker.tar:example/app:v1');
    const tar = tools.path('docker.tar');
    await writeFile(`${tar}.gz`, gzipSync(await readFile(tar)));
    const pushed = await push(tar, 'containers/docker');
    expect(await push(`docker-archive:${tar}.gz:example/app:v1`, 'containers/docker')).toEqual(pushed);
    const { content } = await comesBack('containers/docker', pushed.digest, 'docker-back');
    // The same layers as skopeo itself takes from the archive, unpacked.
    await tools.skopeo('copy', 'docker-archive:docker.tar', 'dir:reference');
    const reference = await readdir(tools.path('reference'));
    for (const digest of content.keys()) {
      expect(digest === pushed.digest || reference.includes(digest.slice(7)), digest).toBe(true);
    }
    const unpacked = 'docker-unpacked';
    await tools.umoci('unpack', '--rootless', '--image', 'docker-back:v1', unpacked);
    expect(await readFile(tools.path(unpacked, 'rootfs/data/greeting'), 'utf8')).toBe('hello\n');
    await rm(tools.path(unpacked), { recursive: true, force: true });
  });
});

describeWith(['skopeo', 'umoci', 'docker-registry'], "an image in Docker's registry", () => {
  const registry = useDockerRegistry();
  let tools: ImageTools;
  beforeAll(async () => {
    tools = await ImageTools.in(join(folder.path));
    await buildWithUmoci(tools, 'original', 'v1');
    const up = ['copy', '--dest-tls-verify=false'];
    await tools.skopeo(...up, '--preserve-digests', 'oci:original:v1', `docker://${registry.address}/app:oci`);
    await tools.skopeo(...up, '--format', 'v2s2', 'oci:original:v1', `docker://${registry.address}/app:docker`);
    await writeLayout(tools.path('many'), 'v1', MEDIA.index, severalPlatforms(100_000, false));
    await tools.skopeo(...up, '--all', '--preserve-digests', 'oci:many:v1', `docker://${registry.address}/app:many`);
  });

  test.each([
    ['oci', 'docker://'],
    ['docker', ''],
    ['many', ''],
  ])('is taken over under its digest (%s)', async (tag, prefix) => {
    const source = `${registry.address}/app:${tag}`;
    const family = `containers/taken-${tag}`;
    const raw = await tools.rawManifest(`docker://${source}`);
    const { digest } = await push(`${prefix}${source}`, family);
    expect(digest).toBe(digestOf(raw));
    const { content } = await stored(family, digest);
    expect(content.get(digest)?.equals(raw)).toBe(true);
    expect((await push(`${registry.address}/app@${digest}`, `${family}-again`)).digest).toBe(digest);
  });

  test('that is not there is told with the tags that are', async () => {
    await expect(push(`${registry.address}/app:v9`, 'containers/none')).rejects.toThrow(
      /these tags are there: .*docker/,
    );
    await expect(push(`${registry.address}/nobody:v9`, 'containers/none')).rejects.toThrow(/there is no image/);
  });
});

/** Images for two machines, one of them in an index of its own, and the config and layer that each needs. */
function severalPlatforms(layerSize: number, nested = true): Closure {
  const content = new Map<string, Buffer>();
  const keep = (bytes: Buffer) => content.set(digestOf(bytes), bytes);
  const entries = ['amd64', 'arm64'].map((architecture) => {
    const layer = randomContent(layerSize);
    const config = json({
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      config: {},
    });
    const manifest = imageManifest(descriptorOf(config, MEDIA.config), [descriptorOf(layer, MEDIA.layer)]);
    for (const bytes of [layer, config, manifest]) keep(bytes);
    return { ...descriptorOf(manifest, MEDIA.manifest), platform: { architecture, os: 'linux' } };
  });
  const [first, second] = entries;
  const inner = imageIndex([second!]);
  if (nested) keep(inner);
  const index = imageIndex([first!, nested ? descriptorOf(inner, MEDIA.index) : second!]);
  keep(index);
  return { root: digestOf(index), content };
}
