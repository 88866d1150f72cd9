import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { ImageTools } from '../support/image-tools.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { describeWith } from '../support/programs.ts';
import { Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const REPORT = 'application/vnd.example.report.v1';
const SIGNATURE = 'application/vnd.example.signature.v1';

interface Referrers {
  readonly referrers?: readonly { readonly digest: string; readonly artifactType: string }[];
  readonly manifests?: readonly { readonly digest: string; readonly artifactType: string }[];
}

describeWith(['oras'], 'an artifact of oras', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  const report = randomContent(300_000);
  let tools: ImageTools;

  beforeAll(async () => {
    tools = await ImageTools.in(folder.path);
    await writeFile(tools.path('report.bin'), report);
    await writeFile(tools.path('signature.txt'), 'signed\n');
  });

  async function oras(...args: string[]): Promise<string> {
    const { stdout } = await tools.run('oras', ...args);
    return stdout.trim();
  }

  function remote(name: string): string {
    return `${server.address}/${name}`;
  }

  async function push(name: string): Promise<string> {
    const file = 'report.bin:application/octet-stream';
    await oras('push', '--plain-http', '--artifact-type', REPORT, remote(name), file);
    return oras('resolve', '--plain-http', remote(name));
  }

  async function attach(name: string): Promise<void> {
    await oras(
      'attach',
      '--plain-http',
      '--artifact-type',
      SIGNATURE,
      '--annotation',
      'by=tests',
      remote(name),
      'signature.txt',
    );
  }

  async function discover(name: string, ...flags: string[]): Promise<NonNullable<Referrers['referrers']>> {
    const found = JSON.parse(
      await oras('discover', '--plain-http', '--format', 'json', ...flags, remote(name)),
    ) as Referrers;
    return found.referrers ?? found.manifests ?? [];
  }

  test('comes back as it went up', async () => {
    await push('oras/report:v1');
    await oras('pull', '--plain-http', '--output', 'pulled', remote('oras/report:v1'));
    expect((await readFile(tools.path('pulled/report.bin'))).equals(report)).toBe(true);
  });

  test('takes several tags in one push', async () => {
    await oras('push', '--plain-http', '--artifact-type', REPORT, remote('oras/tags:one,two,three'), 'report.bin');
    expect((await oras('repo', 'tags', '--plain-http', remote('oras/tags'))).split('\n')).toEqual([
      'one',
      'three',
      'two',
    ]);
  });

  test('has the referrer that was attached to it, by the referrers API and not by a tag', async () => {
    const digest = await push('oras/signed:v1');
    await attach('oras/signed:v1');
    const found = await discover('oras/signed:v1', '--distribution-spec', 'v1.1-referrers-api');
    expect(found.map(({ artifactType }) => artifactType)).toEqual([SIGNATURE]);
    expect(await new Repository(server, 'oras/signed').tags()).toEqual(['v1']);
    expect((await new Repository(server, 'oras/signed').referrers(digest)).map((entry) => entry.digest)).toEqual(
      found.map((entry) => entry.digest),
    );
  });

  test('is discovered by the type of its referrer', async () => {
    await push('oras/typed:v1');
    await attach('oras/typed:v1');
    await attach('oras/typed:v1');
    expect(await discover('oras/typed:v1', '--artifact-type', SIGNATURE)).not.toHaveLength(0);
    expect(await discover('oras/typed:v1', '--artifact-type', 'application/none')).toHaveLength(0);
  });

  test('is copied with its referrers', async () => {
    await push('oras/copied:v1');
    await attach('oras/copied:v1');
    const flags = ['--recursive', '--from-plain-http', '--to-plain-http'];
    await oras('cp', ...flags, remote('oras/copied:v1'), remote('oras/copy:v1'));
    expect(await discover('oras/copy:v1')).toHaveLength(1);
    await oras('cp', '--recursive', '--from-plain-http', '--to-oci-layout', remote('oras/copied:v1'), 'layout:v1');
    await oras('cp', '--recursive', '--from-oci-layout', '--to-plain-http', 'layout:v1', remote('oras/again:v1'));
    expect(await oras('resolve', '--plain-http', remote('oras/again:v1'))).toBe(
      await oras('resolve', '--plain-http', remote('oras/copied:v1')),
    );
    expect(await discover('oras/again:v1')).toHaveLength(1);
  });

  test('is gone once its manifest is deleted', async () => {
    const digest = await push('oras/deleted:v1');
    await oras('manifest', 'delete', '--plain-http', '--force', remote(`oras/deleted@${digest}`));
    await expect(oras('resolve', '--plain-http', remote('oras/deleted:v1'))).rejects.toThrow(/not found/i);
  });

  test('may be a lone blob', async () => {
    await oras('blob', 'push', '--plain-http', remote('oras/blob'), 'report.bin');
    const blob = remote(`oras/blob@${digestOf(report)}`);
    await oras('blob', 'fetch', '--plain-http', '--output', 'fetched.bin', blob);
    expect((await readFile(tools.path('fetched.bin'))).equals(report)).toBe(true);
    await oras('blob', 'delete', '--plain-http', '--force', blob);
    await expect(oras('blob', 'fetch', '--plain-http', '--output', 'gone.bin', blob)).rejects.toThrow(/not found/i);
  });
});
