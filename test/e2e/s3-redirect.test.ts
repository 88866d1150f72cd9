import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import { ImageTools } from '../support/image-tools.ts';
import { digestOf, imageManifest, descriptorOf, json, MEDIA, randomContent } from '../support/oci-content.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { expectStatus, freshRepository, Repository } from '../support/repository.ts';
import { useS3 } from '../support/s3.ts';
import { serveOn, useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

describeWith(S3_PROGRAMS, 'a server that sends clients to its S3', () => {
  const s3 = useS3();
  serveOn(() => s3.freshStore());
  const server = useServer({ env: { ASSAY_BLOB_REDIRECT: 'on' } });

  test('answers GET of a large blob with an address that has its bytes, whole or in ranges', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(300_000);
    const digest = await repository.pushBlob(bytes);
    const reply = expectStatus(await repository.get(`blobs/${digest}`), 307);
    expect(reply.body).toHaveLength(0);
    expect(reply.headers).toMatchObject({ 'docker-content-digest': digest, 'cache-control': 'no-store' });
    const location = header(reply, 'location') ?? '';
    expect(location).toMatch(new RegExp(`^${s3.endpoint}/.*X-Amz-Expires=300&`));
    expect(location).not.toContain(s3.owner.secretAccessKey);
    expect((await send('GET', location)).body.equals(bytes)).toBe(true);
    const part = expectStatus(await send('GET', location, { headers: { range: 'bytes=100-199' } }), 206);
    expect(part.body.equals(bytes.subarray(100, 200))).toBe(true);
  });

  test('by a sha512 digest sends to the same bytes', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(300_001);
    const digest = await repository.pushBlob(bytes, 'sha512');
    const reply = expectStatus(await repository.get(`blobs/${digest}`), 307);
    expect((await send('GET', header(reply, 'location') ?? '')).body.equals(bytes)).toBe(true);
  });

  test('answers all else itself: HEAD, what the client has, small blobs, manifests, and what is not there', async () => {
    const repository = freshRepository(server);
    const [large, small] = [randomContent(300_000), randomContent(1000)];
    const [digest, smallDigest] = [await repository.pushBlob(large), await repository.pushBlob(small)];
    expect(header(expectStatus(await repository.head(`blobs/${digest}`), 200), 'content-length')).toBe('300000');
    expectStatus(await repository.get(`blobs/${digest}`, { 'if-none-match': `"${digest}"` }), 304);
    expect(expectStatus(await repository.get(`blobs/${smallDigest}`), 200).body.equals(small)).toBe(true);
    const annotations = { long: 'x'.repeat(200_000) };
    const layers = [descriptorOf(large, MEDIA.layer)];
    const manifest = imageManifest(descriptorOf(small, MEDIA.config), layers, { annotations });
    expectStatus(await repository.putManifest('large', manifest, MEDIA.manifest), 201);
    expect(expectStatus(await repository.get('manifests/large'), 200).body.equals(manifest)).toBe(true);
    expectStatus(await freshRepository(server).get(`blobs/${digest}`), 404);
  });

  describeWith(['skopeo'], 'gives skopeo', () => {
    const folder = useTemporaryFolder();
    let tools: ImageTools;
    beforeAll(async () => {
      tools = await ImageTools.in(folder.path);
    });

    test('an image as it was pushed', async () => {
      const repository = new Repository(server, 'skopeo/app');
      const layers = [randomContent(1000), randomContent(200_000), randomContent(9_000_000)];
      const config = json({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: layers.map((one) => digestOf(one)) },
      });
      for (const blob of [config, ...layers]) await repository.pushBlob(blob);
      const described = layers.map((one) => descriptorOf(one, MEDIA.layer));
      const manifest = imageManifest(descriptorOf(config, MEDIA.config), described);
      expectStatus(await repository.putManifest('v1', manifest, MEDIA.manifest), 201);
      const remote = `docker://${server.address}/skopeo/app:v1`;
      await tools.skopeo('copy', '--src-tls-verify=false', '--preserve-digests', remote, 'dir:back');
      for (const layer of layers) {
        expect((await readFile(tools.path('back', digestOf(layer).slice(7)))).equals(layer)).toBe(true);
      }
      await tools.skopeo('copy', '--dest-tls-verify=false', 'dir:back', `docker://${server.address}/skopeo/again:v1`);
      await tools.skopeo('copy', '--src-tls-verify=false', `docker://${server.address}/skopeo/again:v1`, 'dir:twice');
      expect((await readFile(tools.path('twice', 'manifest.json'))).equals(manifest)).toBe(true);
    });
  });
});
