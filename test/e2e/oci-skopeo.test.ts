import { Agent } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildWithUmoci, ImageTools } from '../support/image-tools.ts';
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

describeWith(['skopeo', 'umoci'], 'an image built with umoci', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let tools: ImageTools;
  let built: Closure;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
    await buildWithUmoci(tools, 'built', 'v1');
    built = await readLayout(tools.path('built'), 'v1');
  });

  function remote(name: string): string {
    return `docker://${server.address}/${name}`;
  }

  async function up(name: string, ...flags: string[]): Promise<void> {
    await tools.skopeo('copy', '--dest-tls-verify=false', ...flags, 'oci:built:v1', remote(name));
  }

  async function down(name: string, to: string, ...flags: string[]): Promise<void> {
    await tools.skopeo('copy', '--src-tls-verify=false', ...flags, remote(name), to);
  }

  test('goes up and comes back byte for byte', async () => {
    await up('umoci/app:v1', '--preserve-digests');
    expect(
      (await tools.rawManifest(remote('umoci/app:v1'))).equals(built.content.get(built.root) ?? Buffer.alloc(0)),
    ).toBe(true);
    await down('umoci/app:v1', 'oci:back:v1', '--preserve-digests');
    expect(await readLayout(tools.path('back'), 'v1')).toEqual(built);
  });

  test('is served by HTTP as it was built', async () => {
    await up('umoci/plain:v1', '--preserve-digests');
    const repository = new Repository(server, 'umoci/plain');
    const content = await collect(
      built.root,
      async (digest) => expectStatus(await repository.get(`manifests/${digest}`), 200).body,
      async (digest) => expectStatus(await repository.get(`blobs/${digest}`), 200).body,
    );
    expect(content).toEqual(built.content);
  });

  test('goes up again without harm, and under a second tag', async () => {
    await up('umoci/twice:v1');
    await up('umoci/twice:v1');
    await up('umoci/twice:v2');
    const { stdout } = await tools.skopeo('list-tags', '--tls-verify=false', remote('umoci/twice'));
    expect(JSON.parse(stdout)).toMatchObject({ Tags: ['v1', 'v2'] });
  });

  test('goes up in the format of Docker and comes back as it is stored', async () => {
    await up('umoci/docker:v1', '--format', 'v2s2');
    const raw = await tools.rawManifest(remote('umoci/docker:v1'));
    expect(JSON.parse(raw.toString())).toMatchObject({ mediaType: MEDIA.dockerManifest });
    await down('umoci/docker:v1', 'dir:docker-back', '--preserve-digests');
    expect((await readFile(tools.path('docker-back/manifest.json'))).equals(raw)).toBe(true);
    for (const name of await readdir(tools.path('docker-back'))) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      expect(digestOf(await readFile(tools.path('docker-back', name)))).toBe(`sha256:${name}`);
    }
  });

  test('is described by skopeo inspect', async () => {
    await up('umoci/inspected:v1');
    const { stdout } = await tools.skopeo('inspect', '--tls-verify=false', remote('umoci/inspected:v1'));
    expect(JSON.parse(stdout)).toMatchObject({
      Digest: built.root,
      RepoTags: ['v1'],
      Architecture: expect.any(String),
    });
  });

  test('goes from repository to repository and needs no second upload of its blobs', async () => {
    await up('umoci/source:v1');
    const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--preserve-digests'];
    const { stderr } = await tools.skopeo(
      '--debug',
      'copy',
      ...flags,
      remote('umoci/source:v1'),
      remote('umoci/target:v1'),
    );
    expect(stderr).toMatch(/mount=sha256/);
    await down('umoci/target:v1', 'oci:mounted:v1', '--preserve-digests');
    expect(await readLayout(tools.path('mounted'), 'v1')).toEqual(built);
  });

  test('is gone after skopeo delete', async () => {
    await up('umoci/deleted:v1');
    await up('umoci/deleted:v2');
    await tools.skopeo('delete', '--tls-verify=false', remote('umoci/deleted:v1'));
    await expect(tools.rawManifest(remote('umoci/deleted:v1'))).rejects.toThrow(/manifest unknown/i);
    await up('umoci/deleted:v1');
    expect(digestOf(await tools.rawManifest(remote('umoci/deleted:v1')))).toBe(built.root);
  });

  test('goes out and in again with skopeo sync', async () => {
    await up('umoci/synced:v1');
    await up('umoci/synced:v2');
    const source = `${server.address}/umoci/synced`;
    await tools.skopeo('sync', '--src-tls-verify=false', '--src', 'docker', '--dest', 'dir', source, 'mirror');
    const target = `${server.address}/mirrored`;
    await tools.skopeo('sync', '--dest-tls-verify=false', '--src', 'dir', '--dest', 'docker', 'mirror', target);
    for (const tag of ['v1', 'v2']) {
      expect(digestOf(await tools.rawManifest(`docker://${target}/synced:${tag}`))).toBe(built.root);
    }
  });
});

describeWith(['skopeo'], 'skopeo', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let tools: ImageTools;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
  });

  test('takes an image for several platforms there and back', async () => {
    const closure = severalPlatforms();
    await writeLayout(tools.path('platforms'), 'v1', MEDIA.index, closure);
    const remote = `docker://${server.address}/skopeo/platforms:v1`;
    const flags = ['--all', '--preserve-digests'];
    await tools.skopeo('copy', ...flags, '--dest-tls-verify=false', 'oci:platforms:v1', remote);
    expect(digestOf(await tools.rawManifest(remote))).toBe(closure.root);
    await tools.skopeo('copy', ...flags, '--src-tls-verify=false', remote, 'oci:platforms-back:v1');
    expect(await readLayout(tools.path('platforms-back'), 'v1')).toEqual(closure);
  });

  test('lists thousands of tags', async () => {
    const repository = freshRepository(server);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const tags = Array.from({ length: 2500 }, (_, at) => `t${at}`);
    await Promise.all(
      tags.map(async (tag) => expectStatus(await repository.putManifest(tag, imageIndex([]), MEDIA.index, agent), 201)),
    );
    agent.destroy();
    const { stdout } = await tools.skopeo(
      'list-tags',
      '--tls-verify=false',
      `docker://${server.address}/${repository.name}`,
    );
    expect((JSON.parse(stdout) as { Tags: string[] }).Tags).toEqual(tags.toSorted());
  });

  test('says in the words of the server what is not there', async () => {
    await expect(tools.rawManifest(`docker://${server.address}/skopeo/absent:v1`)).rejects.toThrow(/unknown/i);
  });
});

/** Images for two machines, an index of them, and the config and layer that each needs. */
function severalPlatforms(): Closure {
  const content = new Map<string, Buffer>();
  const entries = ['amd64', 'arm64'].map((architecture) => {
    const layer = randomContent(100_000);
    const config = json({
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      config: {},
    });
    const manifest = imageManifest(descriptorOf(config, MEDIA.config), [descriptorOf(layer, MEDIA.layer)]);
    for (const bytes of [layer, config, manifest]) content.set(digestOf(bytes), bytes);
    return { ...descriptorOf(manifest, MEDIA.manifest), platform: { architecture, os: 'linux' } };
  });
  const index = imageIndex(entries, { annotations: { 'org.example.kind': 'several platforms' } });
  content.set(digestOf(index), index);
  return { root: digestOf(index), content };
}
