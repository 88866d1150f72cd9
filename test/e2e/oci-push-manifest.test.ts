import { describe, expect, test } from 'vitest';
import { header, jsonOf, send } from '../support/http.ts';
import {
  ALGORITHMS,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageIndex,
  imageManifest,
  json,
  MEDIA,
  randomContent,
  unknownDigest,
} from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, locationOf, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const CONFIG = descriptorOf(EMPTY_JSON, MEDIA.config);
const MIB = 1024 * 1024;

async function repositoryWithConfig(): Promise<Repository> {
  const repository = freshRepository(server);
  await repository.pushBlob(EMPTY_JSON);
  return repository;
}

/** A manifest of exactly this many bytes. */
function manifestOfSize(size: number): Buffer {
  const room = size - imageManifest(CONFIG, [], { annotations: { filler: '' } }).length;
  return imageManifest(CONFIG, [], { annotations: { filler: 'x'.repeat(room) } });
}

async function expectKept(repository: Repository, bytes: Buffer, mediaType: string): Promise<void> {
  const digest = digestOf(bytes);
  const pushed = expectStatus(await repository.putManifest('kept', bytes, mediaType), 201);
  expect(header(pushed, 'docker-content-digest')).toBe(digest);
  for (const url of [
    locationOf(pushed, server.url),
    repository.url('manifests/kept'),
    repository.url(`manifests/${digest}`),
  ]) {
    const reply = expectStatus(await send('GET', url), 200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(header(reply, 'content-type')).toBe(mediaType);
  }
}

describe('a manifest is kept to the byte', () => {
  test('with white space, odd order and fields that no specification knows', async () => {
    const repository = await repositoryWithConfig();
    const text = `\n{ "zz": [1.0, 1e2, "\\u00e9é"],\t"layers": [ ],\r\n "config" : ${JSON.stringify(CONFIG)}, "schemaVersion": 2,
      "mediaType": "${MEDIA.manifest}", "extra": {"nested": {"deep": null}}, "annotations": {"b": "2", "a": "1"} }\n\n`;
    await expectKept(repository, Buffer.from(text), MEDIA.manifest);
  });

  test('with content in a data field', async () => {
    const repository = await repositoryWithConfig();
    const bytes = imageManifest({ ...CONFIG, data: EMPTY_JSON.toString('base64') }, []);
    await expectKept(repository, bytes, MEDIA.manifest);
  });

  test('without a layer', async () => {
    await expectKept(await repositoryWithConfig(), imageManifest(CONFIG, []), MEDIA.manifest);
  });

  test('without a mediaType of its own', async () => {
    const bytes = imageManifest(CONFIG, [], { mediaType: undefined });
    await expectKept(await repositoryWithConfig(), bytes, MEDIA.manifest);
  });

  test('with the same layer twice', async () => {
    const repository = await repositoryWithConfig();
    const layer = randomContent(60);
    await repository.pushBlob(layer);
    const descriptor = descriptorOf(layer, MEDIA.layer);
    await expectKept(repository, imageManifest(CONFIG, [descriptor, descriptor]), MEDIA.manifest);
  });

  test('with layers that are elsewhere', async () => {
    const repository = await repositoryWithConfig();
    const foreign = ['tar', 'tar+gzip', 'tar+zstd'].map((kind) => ({
      mediaType: `application/vnd.oci.image.layer.nondistributable.v1.${kind}`,
      digest: unknownDigest(),
      size: 12,
      urls: ['https://example.org/layer'],
    }));
    await expectKept(repository, imageManifest(CONFIG, foreign), MEDIA.manifest);
  });

  test('with layers under sha512', async () => {
    const repository = await repositoryWithConfig();
    const layer = randomContent(60);
    await repository.pushBlob(layer, 'sha512');
    await expectKept(repository, imageManifest(CONFIG, [descriptorOf(layer, MEDIA.layer, 'sha512')]), MEDIA.manifest);
  });

  test('as an artifact', async () => {
    const repository = await repositoryWithConfig();
    const bytes = imageManifest(descriptorOf(EMPTY_JSON, MEDIA.empty), [descriptorOf(EMPTY_JSON, MEDIA.empty)], {
      artifactType: 'application/vnd.example.thing.v1',
    });
    await expectKept(repository, bytes, MEDIA.manifest);
  });

  test('as an empty index', async () => {
    await expectKept(freshRepository(server), imageIndex([]), MEDIA.index);
  });

  test('as an index of images and of indexes', async () => {
    const repository = freshRepository(server);
    const images = [await repository.pushImage(), await repository.pushImage()];
    const inner = imageIndex(images.map(({ bytes }) => descriptorOf(bytes, MEDIA.manifest)));
    await expectKept(repository, inner, MEDIA.index);
    const outer = imageIndex([
      descriptorOf(inner, MEDIA.index),
      descriptorOf(images[0]?.bytes ?? inner, MEDIA.manifest),
    ]);
    await expectKept(repository, outer, MEDIA.index);
  });

  test('in the media types of Docker', async () => {
    const repository = freshRepository(server);
    const layer = randomContent(60);
    await repository.pushBlob(layer);
    await repository.pushBlob(EMPTY_JSON);
    const image = json({
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifest,
      config: descriptorOf(EMPTY_JSON, MEDIA.dockerConfig),
      layers: [
        { mediaType: MEDIA.dockerForeignLayer, digest: unknownDigest(), size: 7, urls: ['https://example.org/layer'] },
        descriptorOf(layer, MEDIA.dockerLayer),
      ],
    });
    await expectKept(repository, image, MEDIA.dockerManifest);
    const platform = { architecture: 'amd64', os: 'linux' };
    const manifests = [{ ...descriptorOf(image, MEDIA.dockerManifest), platform }];
    const list = json({ schemaVersion: 2, mediaType: MEDIA.dockerList, manifests });
    await expectKept(repository, list, MEDIA.dockerList);
  });

  test.each([70_000, 1.5 * MIB, 4 * MIB])('at a size of %i bytes', async (size) => {
    const repository = await repositoryWithConfig();
    const bytes = manifestOfSize(size);
    expect(bytes.length).toBe(size);
    await expectKept(repository, bytes, MEDIA.manifest);
  });

  test('when its type comes with parameters, which are dropped', async () => {
    const repository = await repositoryWithConfig();
    expectStatus(
      await repository.putManifest('v1', imageManifest(CONFIG, []), `${MEDIA.manifest}; charset=utf-8`),
      201,
    );
    expect(header(await repository.get('manifests/v1'), 'content-type')).toBe(MEDIA.manifest);
  });
});

describe('pushing a manifest', () => {
  test.each(ALGORITHMS)('by its %s needs no tag', async (algorithm) => {
    const repository = await repositoryWithConfig();
    const bytes = imageManifest(CONFIG, [], { annotations: { algorithm } });
    const digest = digestOf(bytes, algorithm);
    const reply = expectStatus(await repository.putManifest(digest, bytes), 201);
    expect(header(reply, 'docker-content-digest')).toBe(digest);
    expect((await send('GET', locationOf(reply, server.url))).body.equals(bytes)).toBe(true);
    expect(await repository.tags()).toEqual([]);
  });

  test.each(ALGORITHMS)('under the %s of other bytes is refused, and nothing is stored', async (algorithm) => {
    const repository = await repositoryWithConfig();
    const bytes = imageManifest(CONFIG, []);
    const claimed = unknownDigest(algorithm);
    expectRefusal(await repository.putManifest(claimed, bytes), 400, 'DIGEST_INVALID');
    expect((await repository.head(`manifests/${claimed}`)).status).toBe(404);
    expect((await repository.head(`manifests/${digestOf(bytes)}`)).status).toBe(404);
  });

  test('twice changes nothing', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    expectStatus(await repository.putManifest('v1', image.bytes), 201);
    expect((await repository.get('manifests/v1')).body.equals(image.bytes)).toBe(true);
    expect(await repository.tags()).toEqual(['v1']);
  });

  test('moves its tag at once', async () => {
    const repository = freshRepository(server);
    for (let round = 0; round < 20; round += 1) {
      const image = await repository.pushImage('latest');
      expect(header(await repository.head('manifests/latest'), 'docker-content-digest')).toBe(image.digest);
    }
  });

  test('from many clients to one tag leaves one of them', async () => {
    const repository = freshRepository(server);
    const images = await Promise.all(Array.from({ length: 12 }, () => repository.pushImage('contested')));
    const named = header(await repository.get('manifests/contested'), 'docker-content-digest');
    expect(images.map(({ digest }) => digest)).toContain(named);
    for (const image of images) expect((await repository.head(`manifests/${image.digest}`)).status).toBe(200);
  });

  test('with a body of unknown length works', async () => {
    const repository = await repositoryWithConfig();
    const bytes = imageManifest(CONFIG, []);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 20);
      yield bytes.subarray(20);
    }
    expectStatus(await repository.putManifest('v1', pieces()), 201);
    expect((await repository.get('manifests/v1')).body.equals(bytes)).toBe(true);
  });
});

describe('pushing a manifest by digest with tags', () => {
  test.each(ALGORITHMS)('sets all of them and names them (%s)', async (algorithm) => {
    const repository = await repositoryWithConfig();
    const tags = Array.from({ length: 12 }, (_, at) => `1.${at}`);
    const bytes = imageManifest(CONFIG, [], { annotations: { tags: String(tags.length) } });
    const query = tags.map((tag) => `tag=${tag}`).join('&');
    const reply = expectStatus(await repository.putManifest(`${digestOf(bytes, algorithm)}?${query}`, bytes), 201);
    const named = (header(reply, 'oci-tag') ?? '').split(',').map((tag) => tag.trim());
    expect(named.toSorted()).toEqual(tags.toSorted());
    expect((await repository.tags()).toSorted()).toEqual(tags.toSorted());
    for (const tag of tags) expect((await repository.get(`manifests/${tag}`)).body.equals(bytes)).toBe(true);
  });

  test('sets none of them where one cannot be a tag', async () => {
    const repository = await repositoryWithConfig();
    await repository.pushImage('there');
    const bytes = imageManifest(CONFIG, [], { annotations: { round: 'two' } });
    const reply = await repository.putManifest(`${digestOf(bytes)}?tag=good&tag=not/good`, bytes);
    expectRefusal(reply, 400, ['TAG_INVALID', 'MANIFEST_INVALID', 'NAME_INVALID', 'UNSUPPORTED']);
    expect(await repository.tags()).toEqual(['there']);
  });

  test('sets none of them where the digest is not that of the bytes', async () => {
    const repository = await repositoryWithConfig();
    await repository.pushImage('there');
    const reply = await repository.putManifest(`${unknownDigest()}?tag=new`, imageManifest(CONFIG, []));
    expectRefusal(reply, 400, 'DIGEST_INVALID');
    expect(await repository.tags()).toEqual(['there']);
  });
});

describe('a manifest with a subject', () => {
  test.each(ALGORITHMS)('is taken before the subject is there (%s)', async (algorithm) => {
    const repository = await repositoryWithConfig();
    const subject = { mediaType: MEDIA.manifest, digest: unknownDigest(algorithm), size: 100 };
    const image = expectStatus(await repository.putManifest('one', imageManifest(CONFIG, [], { subject })), 201);
    expect(header(image, 'oci-subject')).toBe(subject.digest);
    const index = expectStatus(await repository.putManifest('two', imageIndex([], { subject }), MEDIA.index), 201);
    expect(header(index, 'oci-subject')).toBe(subject.digest);
  });

  test('names it again when it is pushed again', async () => {
    const repository = await repositoryWithConfig();
    const subject = { mediaType: MEDIA.manifest, digest: unknownDigest(), size: 100 };
    for (const reference of ['one', 'one', 'two']) {
      const reply = expectStatus(await repository.putManifest(reference, imageManifest(CONFIG, [], { subject })), 201);
      expect(header(reply, 'oci-subject')).toBe(subject.digest);
    }
  });

  test('is the only one whose answer names one', async () => {
    const repository = await repositoryWithConfig();
    const reply = expectStatus(await repository.putManifest('v1', imageManifest(CONFIG, [])), 201);
    expect(header(reply, 'oci-subject')).toBeUndefined();
  });
});

async function expectAbsent(
  repository: Repository,
  bytes: Buffer,
  mediaType: string,
  absent: readonly string[],
): Promise<void> {
  const reply = await repository.putManifest('v1', bytes, mediaType);
  expectRefusal(reply, [400, 404], 'MANIFEST_BLOB_UNKNOWN');
  const { errors } = jsonOf(reply) as { errors: unknown };
  for (const digest of absent) expect(JSON.stringify(errors)).toContain(digest);
  expect((await repository.head('manifests/v1')).status).toBe(404);
  expect((await repository.head(`manifests/${digestOf(bytes)}`)).status).toBe(404);
}

describe('a manifest that names what is absent is refused and not stored', () => {
  test.each(ALGORITHMS)('for a config (%s)', async (algorithm) => {
    const config = { ...CONFIG, digest: unknownDigest(algorithm) };
    await expectAbsent(await repositoryWithConfig(), imageManifest(config, []), MEDIA.manifest, [config.digest]);
  });

  test.each(ALGORITHMS)('for layers, every one by name (%s)', async (algorithm) => {
    const repository = await repositoryWithConfig();
    const there = randomContent(10);
    await repository.pushBlob(there);
    const absent = [unknownDigest(algorithm), unknownDigest(algorithm)];
    const layers = [
      ...absent.map((digest) => ({ mediaType: MEDIA.layer, digest, size: 3 })),
      descriptorOf(there, MEDIA.layer),
    ];
    await expectAbsent(repository, imageManifest(CONFIG, layers), MEDIA.manifest, absent);
  });

  test('for manifests of an index', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage();
    const digest = unknownDigest();
    const bytes = imageIndex([
      descriptorOf(image.bytes, MEDIA.manifest),
      { mediaType: MEDIA.manifest, digest, size: 3 },
    ]);
    await expectAbsent(repository, bytes, MEDIA.index, [digest]);
  });

  test('for blobs that only another repository has', async () => {
    const layer = randomContent(10);
    const digest = await freshRepository(server).pushBlob(layer);
    const bytes = imageManifest(CONFIG, [descriptorOf(layer, MEDIA.layer)]);
    await expectAbsent(await repositoryWithConfig(), bytes, MEDIA.manifest, [digest]);
  });

  test('for a blob that was there and was deleted', async () => {
    const repository = await repositoryWithConfig();
    const layer = randomContent(10);
    const digest = await repository.pushBlob(layer);
    expectStatus(await repository.delete(`blobs/${digest}`), 202);
    await expectAbsent(repository, imageManifest(CONFIG, [descriptorOf(layer, MEDIA.layer)]), MEDIA.manifest, [digest]);
  });
});
