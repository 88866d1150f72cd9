import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Version } from '../../lib/definition/wire.ts';
import { errorsIn } from '../support/assay-command.ts';
import { Author } from '../support/author.ts';
import { jsonOf, send } from '../support/http.ts';
import { buildWithUmoci, FILES, ImageTools } from '../support/image-tools.ts';
import { digestOf, type Descriptor } from '../support/oci-content.ts';
import { readLayout, type Closure } from '../support/oci-layout.ts';
import { describeWith } from '../support/programs.ts';
import { container } from '../support/publishing.ts';
import { expectStatus } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';

const FAMILY = 'containers/claude';
const CONTEXT = container({ 'files/enter': { run: '#!/bin/sh\nexec "$@"\n' } });

interface Index {
  readonly artifactType: string;
  readonly manifests: readonly (Descriptor & { readonly annotations?: Readonly<Record<string, string>> })[];
}

describeWith(['skopeo', 'umoci'], 'a container that is published with its image', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let tools: ImageTools;
  let author: Author;
  let built: Closure;
  let version: Version;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
    await buildWithUmoci(tools, 'built', 'v1');
    built = await readLayout(tools.path('built'), 'v1');
    author = await Author.in(folder.path, server);
    await author.commit(CONTEXT, `${FAMILY}/v1.0.0`);
    const image = ['--image', `oci:${tools.path('built')}:v1`];
    const { outcomes } = await author.json<{ outcomes: { outcome: string; published: Version }[] }>(
      'publish',
      `${FAMILY}/v1.0.0`,
      ...image,
    );
    version = outcomes[0]!.published;
  });

  const remote = (): string => `docker://${server.address}/${FAMILY}:v1.0.0`;

  test('is an index with the image and the definition in it', async () => {
    const raw = await tools.rawManifest(remote());
    expect(digestOf(raw)).toBe(version.digest);
    expect(version.image).toBe(built.root);
    const { artifactType, manifests } = JSON.parse(raw.toString('utf8')) as Index;
    expect(artifactType).toBe('application/vnd.assay.container.v1+json');
    expect(manifests.map(({ digest }) => digest)[0]).toBe(built.root);
    const own = manifests.find(({ annotations }) => annotations?.['vnd.assay.definition'] !== undefined);
    const definition = await send('GET', `${server.url}/v2/${FAMILY}/manifests/${own?.digest}`);
    expect(jsonOf(expectStatus(definition, 200))).toMatchObject({ config: version.config, layers: [version.layer] });
  });

  test('gives its image to who copies it', async () => {
    await tools.skopeo('copy', '--preserve-digests', '--src-tls-verify=false', remote(), 'oci:image:v1');
    expect(await readLayout(tools.path('image'), 'v1')).toEqual(built);
    await tools.umoci('unpack', '--rootless', '--image', 'image:v1', 'bundle');
    const greeting = await readFile(tools.path('bundle', 'rootfs', 'data', 'greeting'), 'utf8');
    expect(greeting).toBe(FILES['greeting']);
  });

  test('gives all of it to who copies all', async () => {
    await tools.skopeo('copy', '--all', '--preserve-digests', '--src-tls-verify=false', remote(), 'oci:all:v1');
    const { root, content } = await readLayout(tools.path('all'), 'v1');
    expect(root).toBe(version.digest);
    const parts = [...built.content.keys(), version.layer.digest, version.config.digest];
    expect([...content.keys()]).toEqual(expect.arrayContaining(parts));
  });

  test('gives its context to who clones it', async () => {
    const clone = join(folder.path, 'clone');
    await git(folder.path, 'clone', '-q', '--branch', 'v1.0.0', `${server.url}/git/${FAMILY}.git`, clone);
    expect(await git(clone, 'rev-parse', 'HEAD^{tree}')).toBe(version.tree);
    expect(await git(clone, 'ls-files')).toBe('Dockerfile\ncontainer.toml\nfiles/enter');
    expect(await author.git('rev-parse', `HEAD:${FAMILY}/v1.0.0`)).toBe(version.tree);
  });

  test('is unchanged when it is published again, and refused with another image or none', async () => {
    const path = `${FAMILY}/v1.0.0`;
    const again = await author.run('publish', path, '--image', `oci:${tools.path('built')}:v1`);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^unchanged /) });
    await buildWithUmoci(tools, 'other', 'v1');
    for (const image of [['--image', `oci:${tools.path('other')}:v1`], []]) {
      const { code, stdout } = await author.run('publish', path, ...image);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(version.digest) });
    }
  });

  test('keeps every part of it from being deleted', async () => {
    const parts = [...built.content.keys()];
    for (const digest of parts) {
      const kind = digest === built.root ? 'manifests' : 'blobs';
      const reply = await send('DELETE', `${server.url}/v2/${FAMILY}/${kind}/${digest}`);
      expect(jsonOf(expectStatus(reply, 409))).toMatchObject({
        errors: [{ code: 'DENIED', detail: { version: 'v1.0.0' } }],
      });
    }
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
});
