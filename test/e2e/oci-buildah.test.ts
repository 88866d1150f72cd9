import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildWithBuildah, buildWithUmoci, FILES, ImageTools, readFiles } from '../support/image-tools.ts';
import { digestOf, MEDIA } from '../support/oci-content.ts';
import { readLayout } from '../support/oci-layout.ts';
import { describeWith } from '../support/programs.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const IMAGE = 'localhost/built:v1';

describeWith(['buildah', 'skopeo', 'umoci'], 'an image built with buildah', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let tools: ImageTools;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
    await buildWithBuildah(tools, IMAGE);
  }, 120_000);

  function remote(name: string): string {
    return `docker://${server.address}/${name}`;
  }

  async function push(name: string, ...flags: string[]): Promise<string> {
    const file = tools.path('digest');
    await tools.buildah('push', '--tls-verify=false', '--digestfile', file, ...flags, IMAGE, remote(name));
    return readFile(file, 'utf8');
  }

  /** Pulls by digest, past whatever the storage knows under a name; the manifest bytes and the files. */
  async function pull(
    name: string,
    digest: string,
  ): Promise<{ readonly manifest: string; readonly files: Record<string, string> }> {
    const image = await tools.buildah(
      'pull',
      '--quiet',
      '--policy=always',
      '--tls-verify=false',
      remote(`${name}@${digest}`),
    );
    const inspected = JSON.parse(await tools.buildah('inspect', '--type', 'image', image)) as { Manifest: string };
    const container = await tools.buildah('from', '--pull=never', image);
    const mounted = await tools.buildah('mount', container);
    const files = await readFiles(`${mounted}/data`);
    await tools.buildah('rm', container);
    return { manifest: inspected.Manifest, files };
  }

  test('goes up and comes back through skopeo byte for byte', async () => {
    await tools.buildah('push', '--format', 'oci', IMAGE, 'oci:committed:v1');
    const committed = await readLayout(tools.path('committed'), 'v1');
    const flags = ['--preserve-digests'];
    await tools.skopeo('copy', ...flags, '--dest-tls-verify=false', 'oci:committed:v1', remote('buildah/copied:v1'));
    expect(
      (await tools.rawManifest(remote('buildah/copied:v1'))).equals(
        committed.content.get(committed.root) ?? Buffer.alloc(0),
      ),
    ).toBe(true);
    await tools.skopeo('copy', ...flags, '--src-tls-verify=false', remote('buildah/copied:v1'), 'oci:back:v1');
    expect(await readLayout(tools.path('back'), 'v1')).toEqual(committed);
  });

  test('goes up by buildah push and comes back by buildah pull', async () => {
    const digest = await push('buildah/pushed:v1', '--format', 'oci');
    const raw = await tools.rawManifest(remote('buildah/pushed:v1'));
    expect(digestOf(raw)).toBe(digest);
    await tools.buildah('rmi', '--all', '--force');
    const pulled = await pull('buildah/pushed', digest);
    expect(digestOf(Buffer.from(pulled.manifest))).toBe(digest);
    expect(pulled.files).toEqual(FILES);
    await buildWithBuildah(tools, IMAGE);
  });

  test('goes up by buildah push in the format of Docker and comes back', async () => {
    const digest = await push('buildah/docker:v1', '--format', 'v2s2');
    const raw = await tools.rawManifest(remote('buildah/docker:v1'));
    expect(digestOf(raw)).toBe(digest);
    expect(JSON.parse(raw.toString())).toMatchObject({ mediaType: MEDIA.dockerManifest });
    expect((await pull('buildah/docker', digest)).files).toEqual(FILES);
  });

  test('is whole when skopeo fetches what buildah pushed', async () => {
    const digest = await push('buildah/crossed:v1', '--format', 'oci');
    await tools.skopeo(
      'copy',
      '--preserve-digests',
      '--src-tls-verify=false',
      remote('buildah/crossed:v1'),
      'oci:crossed:v1',
    );
    expect((await readLayout(tools.path('crossed'), 'v1')).root).toBe(digest);
  });

  test('is listed in a manifest list that buildah pushes with all its images', async () => {
    await tools.buildah('manifest', 'create', 'localhost/list:v1');
    await tools.buildah('manifest', 'add', 'localhost/list:v1', IMAGE);
    await tools.buildah(
      'manifest',
      'push',
      '--all',
      '--tls-verify=false',
      'localhost/list:v1',
      remote('buildah/list:v1'),
    );
    await tools.skopeo(
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      remote('buildah/list:v1'),
      'oci:list:v1',
    );
    const list = await readLayout(tools.path('list'), 'v1');
    expect(list.root).toBe(digestOf(await tools.rawManifest(remote('buildah/list:v1'))));
    expect(list.content.size).toBeGreaterThan(3);
  });

  test('and one built with umoci come back through buildah alike', async () => {
    await buildWithUmoci(tools, 'umoci', 'v1');
    const { root, content } = await readLayout(tools.path('umoci'), 'v1');
    await tools.skopeo(
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      'oci:umoci:v1',
      remote('buildah/umoci:v1'),
    );
    const pulled = await pull('buildah/umoci', root);
    expect(pulled.manifest).toBe(content.get(root)?.toString());
    expect(pulled.files).toEqual(FILES);
  });
});
