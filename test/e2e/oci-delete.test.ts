import { Agent } from 'node:http';
import { describe, expect, test } from 'vitest';
import { header } from '../support/http.ts';
import {
  ALGORITHMS,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageIndex,
  imageManifest,
  MEDIA,
  randomContent,
  unknownDigest,
} from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

describe('deleting a tag', () => {
  test('holds for the very next request and leaves the manifest', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    expectStatus(await repository.putManifest('v2', image.bytes), 201);
    expectStatus(await repository.delete('manifests/v1'), 202);
    expectRefusal(await repository.get('manifests/v1'), 404, 'MANIFEST_UNKNOWN');
    expect((await repository.head('manifests/v1')).status).toBe(404);
    expect(await repository.tags()).toEqual(['v2']);
    expect((await repository.get('manifests/v2')).body.equals(image.bytes)).toBe(true);
    expect((await repository.get(`manifests/${image.digest}`)).body.equals(image.bytes)).toBe(true);
  });

  test('that is the last one leaves the manifest too', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    expectStatus(await repository.delete('manifests/v1'), 202);
    expect(await repository.tags()).toEqual([]);
    expect((await repository.get(`manifests/${image.digest}`)).body.equals(image.bytes)).toBe(true);
  });

  test('twice is a 404 the second time', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectStatus(await repository.delete('manifests/v1'), 202);
    expectRefusal(await repository.delete('manifests/v1'), 404, 'MANIFEST_UNKNOWN');
  });

  test('makes room for the same name', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectStatus(await repository.delete('manifests/v1'), 202);
    const again = await repository.pushImage('v1');
    expect(header(await repository.head('manifests/v1'), 'docker-content-digest')).toBe(again.digest);
  });
});

describe('deleting a manifest', () => {
  test('holds for the very next request, for the digest and every tag of it', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    for (const tag of ['v2', 'latest']) expectStatus(await repository.putManifest(tag, image.bytes), 201);
    const other = await repository.pushImage('other');
    expectStatus(await repository.delete(`manifests/${image.digest}`), 202);
    for (const reference of [image.digest, 'v1', 'v2', 'latest']) {
      expectRefusal(await repository.get(`manifests/${reference}`), 404, 'MANIFEST_UNKNOWN');
      expect((await repository.head(`manifests/${reference}`)).status).toBe(404);
    }
    expect(await repository.tags()).toEqual(['other']);
    expect((await repository.get('manifests/other')).body.equals(other.bytes)).toBe(true);
  });

  test('takes all of its tags with it, even where they are more than a thousand', async () => {
    const repository = freshRepository(server);
    const bytes = imageIndex([]);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const tags = Array.from({ length: 1100 }, (_, at) => `t${at}`);
    await Promise.all(
      tags.map(async (tag) => expectStatus(await repository.putManifest(tag, bytes, MEDIA.index, agent), 201)),
    );
    agent.destroy();
    expectStatus(await repository.delete(`manifests/${digestOf(bytes)}`), 202);
    expect(await repository.tags()).toEqual([]);
    expect((await repository.head('manifests/t1099')).status).toBe(404);
  });

  test.each(ALGORITHMS)('pushed under %s works', async (algorithm) => {
    const repository = freshRepository(server);
    const bytes = imageIndex([], { annotations: { algorithm } });
    const digest = digestOf(bytes, algorithm);
    expectStatus(await repository.putManifest(`${digest}?tag=v1`, bytes, MEDIA.index), 201);
    expectStatus(await repository.delete(`manifests/${digest}`), 202);
    expect((await repository.head(`manifests/${digest}`)).status).toBe(404);
    expect((await repository.head('manifests/v1')).status).toBe(404);
  });

  test('twice is a 404 the second time', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage();
    expectStatus(await repository.delete(`manifests/${image.digest}`), 202);
    expectRefusal(await repository.delete(`manifests/${image.digest}`), 404, 'MANIFEST_UNKNOWN');
  });

  test('leaves its blobs and lets it be pushed again', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    expectStatus(await repository.delete(`manifests/${image.digest}`), 202);
    expect((await repository.head(`blobs/${digestOf(image.layer)}`)).status).toBe(200);
    expectStatus(await repository.putManifest('v1', image.bytes), 201);
    expect((await repository.get('manifests/v1')).body.equals(image.bytes)).toBe(true);
  });

  test('leaves the same manifest of another repository', async () => {
    const [mine, other] = [freshRepository(server), freshRepository(server)];
    const bytes = imageIndex([], { annotations: { shared: 'yes' } });
    for (const repository of [mine, other]) expectStatus(await repository.putManifest('v1', bytes, MEDIA.index), 201);
    expectStatus(await mine.delete(`manifests/${digestOf(bytes)}`), 202);
    expect((await other.get('manifests/v1')).body.equals(bytes)).toBe(true);
  });

  test('that nobody pushed, or in a repository that does not exist, is a 404', async () => {
    const repository = freshRepository(server);
    expectRefusal(await repository.delete(`manifests/${unknownDigest()}`), 404, ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);
    await repository.pushImage('v1');
    expectRefusal(await repository.delete(`manifests/${unknownDigest()}`), 404, 'MANIFEST_UNKNOWN');
  });
});

describe.each(ALGORITHMS)('deleting a blob by its %s', (algorithm) => {
  test.each([100, 300_000])('of %i bytes holds for the very next request', async (size) => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(randomContent(size), algorithm);
    expectStatus(await repository.delete(`blobs/${digest}`), 202);
    expectRefusal(await repository.get(`blobs/${digest}`), 404, 'BLOB_UNKNOWN');
    expect((await repository.head(`blobs/${digest}`)).status).toBe(404);
    expectRefusal(await repository.delete(`blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  });

  test('leaves the same blob of another repository', async () => {
    const [mine, other] = [freshRepository(server), freshRepository(server)];
    const bytes = randomContent(300_000);
    const digest = await mine.pushBlob(bytes, algorithm);
    await other.pushBlob(bytes, algorithm);
    expectStatus(await mine.delete(`blobs/${digest}`), 202);
    expect((await other.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('lets it be pushed again', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(300_000);
    for (let round = 0; round < 5; round += 1) {
      const digest = await repository.pushBlob(bytes, algorithm);
      expect((await repository.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
      expectStatus(await repository.delete(`blobs/${digest}`), 202);
      expect((await repository.head(`blobs/${digest}`)).status).toBe(404);
    }
  });

  test('that nobody pushed is a 404', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectRefusal(await repository.delete(`blobs/${unknownDigest(algorithm)}`), 404, 'BLOB_UNKNOWN');
  });
});

describe('an image whose index is deleted', () => {
  test('stays by its own digest', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage();
    const index = imageIndex([descriptorOf(image.bytes, MEDIA.manifest)]);
    expectStatus(await repository.putManifest('all', index, MEDIA.index), 201);
    expectStatus(await repository.delete(`manifests/${digestOf(index)}`), 202);
    expect((await repository.get(`manifests/${image.digest}`)).body.equals(image.bytes)).toBe(true);
  });
});

describe('pushes and deletes of one tag at once', () => {
  test('leave it whole or absent, never half', async () => {
    const repository = freshRepository(server);
    await repository.pushBlob(EMPTY_JSON);
    for (let round = 0; round < 15; round += 1) {
      const bytes = imageManifest(descriptorOf(EMPTY_JSON, MEDIA.config), [], {
        annotations: { round: String(round) },
      });
      const [pushed, deleted] = await Promise.all([
        repository.putManifest('race', bytes),
        repository.delete('manifests/race'),
        repository.putManifest('race', bytes),
      ]);
      expect([pushed.status, [202, 404].includes(deleted.status)]).toEqual([201, true]);
      const found = await repository.get('manifests/race');
      const listed = await repository.tags();
      expect([200, 404]).toContain(found.status);
      expect(listed).toEqual(found.status === 200 ? ['race'] : []);
      expect(found.status !== 200 || found.body.equals(bytes)).toBe(true);
    }
  });
});
