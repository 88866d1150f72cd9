import { describe, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import {
  ALGORITHMS,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageManifest,
  MEDIA,
  randomContent,
  unknownDigest,
} from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

describe('the registry itself', () => {
  test('answers at /v2/', async () => {
    const reply = await send('GET', `${server.url}/v2/`);
    expect(reply.status).toBe(200);
    expect(header(reply, 'x-content-type-options')).toBe('nosniff');
  });

  test('answers HEAD at /v2/', async () => {
    expect((await send('HEAD', `${server.url}/v2/`)).status).toBe(200);
  });
});

describe('a manifest', () => {
  test('comes back by tag and by digest as the bytes that were pushed', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    for (const reference of ['v1', image.digest]) {
      const reply = await repository.get(`manifests/${reference}`);
      expect(reply.status).toBe(200);
      expect(reply.body.equals(image.bytes)).toBe(true);
      expect(header(reply, 'content-type')).toBe(MEDIA.manifest);
      expect(header(reply, 'docker-content-digest')).toBe(image.digest);
      expect(header(reply, 'content-length')).toBe(String(image.bytes.length));
      expect(header(reply, 'x-content-type-options')).toBe('nosniff');
    }
  });

  test('has the same headers under HEAD and no body', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    for (const reference of ['v1', image.digest]) {
      const got = await repository.get(`manifests/${reference}`);
      const reply = await repository.head(`manifests/${reference}`);
      expect(reply.status).toBe(200);
      expect(reply.body.length).toBe(0);
      for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag', 'cache-control']) {
        expect(header(reply, name), name).toBe(header(got, name));
      }
    }
  });

  test('may be kept for ever by its digest, and not by a tag', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    expect(header(await repository.get(`manifests/${image.digest}`), 'cache-control')).toContain('immutable');
    expect(header(await repository.get('manifests/v1'), 'cache-control') ?? '').not.toContain('immutable');
  });

  test('is not sent again to who has it', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    for (const reference of ['v1', image.digest]) {
      const etag = header(await repository.get(`manifests/${reference}`), 'etag');
      expect(etag).toBe(`"${image.digest}"`);
      const reply = await repository.get(`manifests/${reference}`, { 'If-None-Match': etag ?? '' });
      expect(reply.status).toBe(304);
      expect(reply.body.length).toBe(0);
      expect(header(reply, 'etag')).toBe(etag);
    }
  });

  test('is sent to who has what the tag named before', async () => {
    const repository = freshRepository(server);
    const before = await repository.pushImage('latest');
    const after = await repository.pushImage('latest');
    const reply = await repository.get('manifests/latest', { 'If-None-Match': `"${before.digest}"` });
    expect(reply.status).toBe(200);
    expect(reply.body.equals(after.bytes)).toBe(true);
  });

  test('is found by a digest with its colon escaped', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage();
    const reply = await repository.get(`manifests/${encodeURIComponent(image.digest)}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(image.bytes)).toBe(true);
  });

  test('comes back by the sha512 that it was pushed with', async () => {
    const repository = freshRepository(server);
    await repository.pushBlob(EMPTY_JSON);
    const bytes = imageManifest(descriptorOf(EMPTY_JSON, MEDIA.config), []);
    const digest = digestOf(bytes, 'sha512');
    expectStatus(await repository.putManifest(digest, bytes), 201);
    const reply = await repository.get(`manifests/${digest}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(header(reply, 'docker-content-digest')).toBe(digest);
  });

  test.each(ALGORITHMS)('is a 404 by a %s digest that nobody pushed', async (algorithm) => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectRefusal(await repository.get(`manifests/${unknownDigest(algorithm)}`), 404, 'MANIFEST_UNKNOWN');
  });

  test('is a 404 by a tag that nobody pushed', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectRefusal(await repository.get('manifests/v2'), 404, 'MANIFEST_UNKNOWN');
    const reply = await repository.head('manifests/v2');
    expect(reply.status).toBe(404);
    expect(reply.body.length).toBe(0);
  });

  test('is a 404 in a repository that does not exist', async () => {
    const repository = freshRepository(server);
    expectRefusal(await repository.get('manifests/latest'), 404, ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);
  });

  test('belongs to its repository and to no other', async () => {
    const image = await freshRepository(server).pushImage('v1');
    const other = freshRepository(server);
    await other.pushImage('v2');
    expectRefusal(await other.get(`manifests/${image.digest}`), 404, 'MANIFEST_UNKNOWN');
  });
});

describe('a blob', () => {
  test.each([1, 1024, 65_536, 65_537, 3_000_000])('of %i bytes comes back byte for byte', async (size) => {
    const repository = freshRepository(server);
    const bytes = randomContent(size);
    const digest = await repository.pushBlob(bytes);
    const reply = await repository.get(`blobs/${digest}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(header(reply, 'content-length')).toBe(String(size));
    expect(header(reply, 'docker-content-digest')).toBe(digest);
    expect(header(reply, 'cache-control')).toContain('immutable');
    expect(header(reply, 'accept-ranges')).toBe('bytes');
    expect(header(reply, 'x-content-type-options')).toBe('nosniff');
  });

  test.each([1024, 3_000_000])('of %i bytes that compress well comes back byte for byte', async (size) => {
    const repository = freshRepository(server);
    const bytes = Buffer.alloc(size, 'assay ');
    const digest = await repository.pushBlob(bytes);
    const reply = await repository.get(`blobs/${digest}`, { 'Accept-Encoding': 'gzip, deflate' });
    expect(reply.body.equals(bytes)).toBe(true);
    expect(header(reply, 'content-encoding')).toBeUndefined();
    expect(header(reply, 'content-length')).toBe(String(size));
  });

  test.each(ALGORITHMS)('of no bytes comes back by its %s', async (algorithm) => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(Buffer.alloc(0), algorithm);
    for (const method of ['GET', 'HEAD']) {
      const reply = await repository.send(method, `blobs/${digest}`);
      expect(reply.status).toBe(200);
      expect(reply.body.length).toBe(0);
      expect(header(reply, 'content-length')).toBe('0');
      expect(header(reply, 'docker-content-digest')).toBe(digest);
    }
  });

  test.each([1024, 3_000_000])('of %i bytes has its size and digest under HEAD', async (size) => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(randomContent(size));
    const reply = await repository.head(`blobs/${digest}`);
    expect(reply.status).toBe(200);
    expect(reply.body.length).toBe(0);
    expect(header(reply, 'content-length')).toBe(String(size));
    expect(header(reply, 'docker-content-digest')).toBe(digest);
  });

  test.each([1024, 3_000_000])('of %i bytes comes back by the sha512 that it was pushed with', async (size) => {
    const repository = freshRepository(server);
    const bytes = randomContent(size);
    const digest = await repository.pushBlob(bytes, 'sha512');
    const reply = await repository.get(`blobs/${digest}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(header(reply, 'docker-content-digest')).toBe(digest);
  });

  test('is not sent again to who has it', async () => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(randomContent(100));
    for (const condition of [`"${digest}"`, `W/"${digest}"`, `"other", "${digest}"`, '*']) {
      const reply = await repository.get(`blobs/${digest}`, { 'If-None-Match': condition });
      expect(reply.status, condition).toBe(304);
      expect(reply.body.length).toBe(0);
    }
    expect((await repository.get(`blobs/${digest}`, { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  test.each(ALGORITHMS)('is a 404 by a %s digest that nobody pushed', async (algorithm) => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectRefusal(await repository.get(`blobs/${unknownDigest(algorithm)}`), 404, 'BLOB_UNKNOWN');
    const reply = await repository.head(`blobs/${unknownDigest(algorithm)}`);
    expect(reply.status).toBe(404);
    expect(reply.body.length).toBe(0);
  });

  test('belongs to its repository and to no other', async () => {
    const digest = await freshRepository(server).pushBlob(randomContent(100));
    const other = freshRepository(server);
    await other.pushImage('v1');
    expectRefusal(await other.get(`blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  });

  test('is a 404 in a repository that does not exist', async () => {
    expectRefusal(await freshRepository(server).get(`blobs/${unknownDigest()}`), 404, ['NAME_UNKNOWN', 'BLOB_UNKNOWN']);
  });
});
