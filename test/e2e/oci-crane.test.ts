import { beforeAll, expect, test } from 'vitest';
import { ImageTools } from '../support/image-tools.ts';
import { descriptorOf, digestOf, imageIndex, MEDIA } from '../support/oci-content.ts';
import { describeWith } from '../support/programs.ts';
import { expectStatus, Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { tarOf } from '../support/tar.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { writeFile } from 'node:fs/promises';

describeWith(['crane'], 'an image of crane', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let tools: ImageTools;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
    for (const name of ['one', 'two'])
      await writeFile(tools.path(`${name}.tar`), tarOf(`${name}.txt`, `${name}\n`.repeat(5000)));
    for (const name of ['one', 'two'])
      await crane('append', '--oci-empty-base', '-f', `${name}.tar`, '-t', remote(`crane/app:${name}`));
  });

  async function crane(...args: string[]): Promise<string> {
    const { stdout } = await tools.run('crane', ...args);
    return stdout.trim();
  }

  function remote(name: string): string {
    return `${server.address}/${name}`;
  }

  test('is valid, layer by layer', async () => {
    expect(await tools.run('crane', 'validate', '--remote', remote('crane/app:one'))).toMatchObject({
      stdout: expect.stringContaining('PASS'),
    });
  });

  test('comes back as an OCI layout and goes up again as the same', async () => {
    const digest = await crane('digest', remote('crane/app:one'));
    await crane('pull', '--format', 'oci', remote('crane/app:one'), 'pulled');
    await crane('push', 'pulled', remote('crane/pushed:one'));
    expect((await crane('digest', remote('crane/pushed:one'))).endsWith(digest)).toBe(true);
  });

  test('is copied to another repository under the same digest', async () => {
    await crane('copy', remote('crane/app:two'), remote('crane/copied:two'));
    expect(await crane('digest', remote('crane/copied:two'))).toBe(await crane('digest', remote('crane/app:two')));
    await crane('validate', '--remote', remote('crane/copied:two'));
  });

  test('is listed by its tags', async () => {
    expect((await crane('ls', remote('crane/app'))).split('\n')).toEqual(['one', 'two']);
  });

  test('takes another tag without being pushed again', async () => {
    await crane('copy', remote('crane/app:one'), remote('crane/tagged:one'));
    await crane('tag', remote('crane/tagged:one'), 'newest');
    expect(await crane('digest', remote('crane/tagged:newest'))).toBe(
      await crane('digest', remote('crane/tagged:one')),
    );
  });

  test('may be part of an index in an index', async () => {
    await crane(
      'index',
      'append',
      '-m',
      remote('crane/app:one'),
      '-m',
      remote('crane/app:two'),
      '-t',
      remote('crane/index:inner'),
    );
    const repository = new Repository(server, 'crane/index');
    const inner = await repository.get('manifests/inner');
    const outer = imageIndex([descriptorOf(inner.body, inner.headers['content-type'] ?? MEDIA.index)]);
    expectStatus(await repository.putManifest('outer', outer, MEDIA.index), 201);
    await crane('validate', '--remote', remote('crane/index:outer'));
    await crane('copy', remote('crane/index:outer'), remote('crane/elsewhere:outer'));
    expect(await crane('digest', remote('crane/elsewhere:outer'))).toBe(digestOf(outer));
    await crane('validate', '--remote', remote('crane/elsewhere:outer'));
  });

  test('is gone once it is deleted', async () => {
    await crane('copy', remote('crane/app:one'), remote('crane/deleted:one'));
    const digest = await crane('digest', remote('crane/deleted:one'));
    await crane('delete', remote(`crane/deleted@${digest}`));
    await expect(crane('manifest', remote('crane/deleted:one'))).rejects.toThrow(/MANIFEST_UNKNOWN/);
  });
});
