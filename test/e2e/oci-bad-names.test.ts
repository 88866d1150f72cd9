import { describe, expect, test } from 'vitest';
import { send, sendTo, type Reply } from '../support/http.ts';
import {
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
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

/** The target goes out as it stands here. */
async function ask(method: string, target: string, body?: Buffer): Promise<Reply> {
  const { hostname, port } = new URL(server.url);
  return sendTo({ hostname, port: Number(port) }, method, target, body === undefined ? {} : { body });
}

const NAMES = {
  'a capital': 'Team/app',
  'a leading dash': '-team/app',
  'a trailing dash': 'team/app-',
  'a leading dot': '.team/app',
  'three underscores': 'team/a___b',
  'two dots in a word': 'team/a..b',
  'an empty part': 'team//app',
  'dots for a part': 'team/../app',
  'escaped dots for a part': 'team/%2e%2e/app',
  'an escaped slash and dots': 'team%2f..%2f..%2fetc',
  'a space': 'team/my%20app',
  'a NUL': 'team/app%00',
  'a line break': 'team/app%0a',
  'letters beyond ASCII': 'team/%C3%A4pp',
  'bytes that are no UTF-8': 'team/%ff%fe',
  'an escape that is none': 'team/%zz',
  'a backslash': 'team%5capp',
  'a colon': 'team/app:latest',
  'more than 255 characters': `team/${'a'.repeat(300)}`,
  'a thousand parts': Array.from({ length: 1000 }, () => 'a').join('/'),
};

describe.each(Object.entries(NAMES))('a repository name with %s', (_, name) => {
  test('is refused for every kind of request', async () => {
    const replies = [
      await ask('GET', `/v2/${name}/tags/list`),
      await ask('GET', `/v2/${name}/manifests/latest`),
      await ask('GET', `/v2/${name}/blobs/${unknownDigest()}`),
      await ask('GET', `/v2/${name}/referrers/${unknownDigest()}`),
      await ask('POST', `/v2/${name}/blobs/uploads/`),
      await ask('PUT', `/v2/${name}/manifests/latest`, imageIndex([])),
      await ask('DELETE', `/v2/${name}/manifests/latest`),
    ];
    for (const reply of replies) expectRefusal(reply, [400, 404, 414], ['NAME_INVALID', 'NAME_UNKNOWN', 'UNSUPPORTED']);
  });
});

describe('a repository name', () => {
  test.each([
    'a',
    '0',
    'a/b/c/d/e/f/g',
    'a.b_c__d-e--f---g/h',
    'blobs',
    'manifests/tags',
    'v2',
    'uploads/blobs/uploads',
    'a'.repeat(200),
  ])('%s is a good one', async (name) => {
    const url = `${server.url}/v2/${name}/manifests/latest`;
    const bytes = imageIndex([]);
    expectStatus(await send('PUT', url, { body: bytes, headers: { 'Content-Type': MEDIA.index } }), 201);
    expect((await send('GET', url)).body.equals(bytes)).toBe(true);
    expect((await send('GET', `${server.url}/v2/${name}/tags/list`)).body.toString()).toContain('latest');
  });

  test('that begins with another is another repository', async () => {
    const outer = freshRepository(server);
    const inner = freshRepository(server, `${outer.name}/inner`);
    await inner.pushImage('v1');
    expect((await outer.get('tags/list')).status).toBe(404);
  });
});

describe('a tag', () => {
  test.each(['.hidden', '-dash', 'a%2Fb', 'a%20b', 'a:b', '%00', '%ff', '%C3%A4', 'a+b', 'a'.repeat(129), 'a%0ab'])(
    'named %s is refused',
    async (tag) => {
      const repository = freshRepository(server);
      await repository.pushImage('there');
      const path = `/v2/${repository.name}/manifests/${tag}`;
      const codes = [
        'TAG_INVALID',
        'MANIFEST_INVALID',
        'NAME_INVALID',
        'DIGEST_INVALID',
        'MANIFEST_UNKNOWN',
        'UNSUPPORTED',
      ];
      expectRefusal(await ask('PUT', path, imageIndex([])), [400, 404], codes);
      expectRefusal(await ask('GET', path), [400, 404], codes);
      expectRefusal(await ask('DELETE', path), [400, 404], codes);
      expect(await repository.tags()).toEqual(['there']);
    },
  );

  test.each(['a', '_', '0', 'A.b-c_D', 'a'.repeat(128), 'latest-.', '__proto__', 'constructor'])(
    'named %s is a good one',
    async (tag) => {
      const repository = freshRepository(server);
      const image = await repository.pushImage(tag);
      expect((await repository.get(`manifests/${tag}`)).body.equals(image.bytes)).toBe(true);
      expect(await repository.tags()).toEqual([tag]);
    },
  );
});

describe('a digest in a path', () => {
  test.each([
    'sha256:',
    'sha256:abc',
    `sha256:${'g'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    `sha512:${'a'.repeat(64)}`,
    `sha256:${'a'.repeat(65)}`,
  ])('written %s is refused', async (digest) => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    expectRefusal(await repository.get(`blobs/${digest}`), [400, 404], ['DIGEST_INVALID', 'BLOB_UNKNOWN']);
    expectRefusal(await repository.delete(`blobs/${digest}`), [400, 404], ['DIGEST_INVALID', 'BLOB_UNKNOWN']);
    expectRefusal(
      await repository.get(`manifests/${digest}`),
      [400, 404],
      ['DIGEST_INVALID', 'MANIFEST_UNKNOWN', 'MANIFEST_INVALID', 'TAG_INVALID'],
    );
    const put = await repository.putManifest(digest, imageIndex([]), MEDIA.index);
    expectRefusal(put, 400, ['DIGEST_INVALID', 'MANIFEST_INVALID', 'TAG_INVALID']);
  });

  test.each(['latest', '..%2f..%2f..%2fetc%2fpasswd', '%2e%2e', '%00', ''])(
    'that is none at all (%s) finds no blob',
    async (text) => {
      const repository = freshRepository(server);
      await repository.pushImage('v1');
      const reply = await ask('GET', `/v2/${repository.name}/blobs/${text}`);
      expectRefusal(
        reply,
        [400, 404],
        ['DIGEST_INVALID', 'BLOB_UNKNOWN', 'UNSUPPORTED', 'NAME_INVALID', 'NAME_UNKNOWN'],
      );
    },
  );
});

describe('a path that leads nowhere', () => {
  test.each([
    '/v2/a',
    '/v2/a/b',
    '/v2/a/manifests',
    '/v2/a/manifests/',
    '/v2/a/tags',
    '/v2/a/tags/lists',
    '/v2/../../etc/passwd',
    '/v2//',
    '/v2/%',
  ])('%s is a 4xx in the envelope', async (target) => {
    const reply = await ask('GET', target);
    expectRefusal(
      reply,
      [400, 404, 405],
      ['UNSUPPORTED', 'NAME_INVALID', 'NAME_UNKNOWN', 'MANIFEST_INVALID', 'MANIFEST_UNKNOWN', 'TAG_INVALID'],
    );
  });

  test.each([
    ['POST', 'manifests/v1'],
    ['PATCH', 'manifests/v1'],
    ['PUT', 'tags/list'],
    ['DELETE', 'tags/list'],
    ['POST', `blobs/${unknownDigest()}`],
    ['PUT', `blobs/${unknownDigest()}`],
    ['POST', `referrers/${unknownDigest()}`],
    ['PUT', 'blobs/uploads/'],
    ['BREW', 'manifests/v1'],
  ])('%s of %s is refused', async (method, path) => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    const reply = await repository.send(method, path).catch(() => undefined);
    // The parser of Node itself turns methods away that HTTP does not know.
    expect([400, 404, 405, 501]).toContain(reply?.status ?? 400);
  });
});

describe('a manifest', () => {
  const config = descriptorOf(EMPTY_JSON, MEDIA.config);
  const BAD = {
    'no bytes': Buffer.alloc(0),
    'no JSON': Buffer.from('not json'),
    'half of a manifest': imageManifest(config, []).subarray(0, 60),
    'something behind it': Buffer.concat([imageManifest(config, []), Buffer.from('}')]),
    'a list': json([]),
    'a number': json(7),
    null: json(null),
    'bytes that are no UTF-8': Buffer.concat([
      Buffer.from('{"schemaVersion":2,"x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]),
    'a config that is no descriptor': json({ schemaVersion: 2, mediaType: MEDIA.manifest, config: 'x', layers: [] }),
    'no config': json({ schemaVersion: 2, mediaType: MEDIA.manifest, layers: [] }),
    'layers that are no list': json({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: {} }),
    'a layer that is null': json({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [null] }),
    'a layer without a digest': json({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config,
      layers: [{ mediaType: MEDIA.layer, size: 1 }],
    }),
    'a layer with a path for a digest': imageManifest(config, [{ ...config, digest: '../../etc/passwd' }]),
    'a subject that is no descriptor': imageManifest(config, [], { subject: 'v1' }),
    'a subject without a good digest': imageManifest(config, [], { subject: { ...config, digest: 'sha256:1' } }),
    'ten thousand brackets': Buffer.from('['.repeat(10_000)),
  };

  test.each(Object.entries(BAD))('of %s is refused, and nothing is stored', async (_, bytes) => {
    const repository = freshRepository(server);
    await repository.pushBlob(EMPTY_JSON);
    const reply = await repository.putManifest('v1', bytes);
    expectRefusal(reply, [400, 404], ['MANIFEST_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID', 'MANIFEST_BLOB_UNKNOWN']);
    expect((await repository.head('manifests/v1')).status).toBe(404);
    expect((await repository.head(`manifests/${digestOf(bytes)}`)).status).toBe(404);
  });

  test('in arrays as deep as the limit allows does not bring the server down', async () => {
    const repository = freshRepository(server);
    await repository.pushBlob(EMPTY_JSON);
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);
    const text = `{"schemaVersion":2,"mediaType":"${MEDIA.manifest}","config":${JSON.stringify(config)},"layers":[],"deep":${deep}}`;
    const reply = await repository.putManifest('v1', Buffer.from(text));
    expect([201, 400]).toContain(reply.status);
    expect((await send('GET', `${server.url}/v2/`)).status).toBe(200);
  });

  test('with __proto__ and the like is data and nothing else', async () => {
    const repository = freshRepository(server);
    await repository.pushBlob(EMPTY_JSON);
    const text = `{"__proto__":{"layers":7},"constructor":{"prototype":1},"schemaVersion":2,"mediaType":"${MEDIA.manifest}","config":${JSON.stringify(config)},"layers":[]}`;
    expectStatus(await repository.putManifest('v1', Buffer.from(text)), 201);
    expect((await repository.get('manifests/v1')).body.toString()).toBe(text);
  });

  test('of a type that no manifest has is refused or kept as it is', async () => {
    const repository = freshRepository(server);
    const reply = await repository.putManifest(
      'v1',
      json({ schemaVersion: 2, random: randomContent(4).toString('hex') }),
      'text/plain',
    );
    expect([201, 400, 415]).toContain(reply.status);
  });
});

describe('a parameter that comes twice', () => {
  test('does not decide by itself which one counts', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(20);
    const query = `digest=${unknownDigest()}&digest=${digestOf(bytes)}`;
    const reply = await repository.send('POST', `blobs/uploads/?${query}`, { body: bytes });
    expectRefusal(reply, 400, 'DIGEST_INVALID');
  });
});
