import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { descriptorOf, digestOf, imageIndex, imageManifest, json, MEDIA } from '../../../support/oci-content.ts';
import { imageNamed } from './support/image-files.ts';
import { readImage, refusal } from './support/read-image.ts';
import { useStubRegistry, type Answer } from './support/stub-registry.ts';

const stub = useStubRegistry();
const image = imageNamed('remote');
const large = Buffer.alloc(700_000, 'layer.');
const config = json({ rootfs: { type: 'layers', diff_ids: [digestOf(large)] } });
const manifest = imageManifest(descriptorOf(config, MEDIA.config), [descriptorOf(large, MEDIA.layer)]);

/** A registry that has content by its digest, and the large image as `v1`. */
function serving(content: readonly Buffer[], v1 = manifest, type: string = MEDIA.manifest): Answer {
  return (request, response) => {
    const reference = request.url?.split('/').at(-1) ?? '';
    const found = reference === 'v1' ? v1 : content.find((bytes) => digestOf(bytes) === reference);
    if (found === undefined) return void response.writeHead(404).end();
    const isManifest = request.url?.includes('/manifests/') === true;
    return void response.writeHead(200, { 'content-type': isManifest ? type : 'application/octet-stream' }).end(found);
  };
}

const all = serving([manifest, config, large]);

/** Does one thing first, in the order of the requests, and then the usual. */
function first(answers: readonly Answer[], then: Answer): Answer {
  const left = [...answers];
  return (request, response) => (left.shift() ?? then)(request, response);
}

function status(code: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (_, response) => void response.writeHead(code, headers).end(body);
}

/** Only for the large layer. */
function onLayer(answers: readonly Answer[]): Answer {
  const own = first(answers, all);
  return (request, response) => (request.url?.endsWith(digestOf(large)) === true ? own : all)(request, response);
}

function breaksAfter(bytes: number, from = 0): Answer {
  return (_, response) => {
    const headers = { 'content-length': large.length - from, 'content-range': `bytes ${from}-${large.length - 1}/*` };
    response.writeHead(from === 0 ? 200 : 206, headers);
    response.write(large.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

function ranged(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${large.length - 1}/${large.length}` })
    .end(large.subarray(from));
}

describe('an image in a registry', () => {
  test('is read by tag and by digest', async () => {
    stub.answer = all;
    for (const reference of [':v1', `@${digestOf(manifest)}`]) {
      const { digest, mediaType, blobs } = await readImage(`docker://${stub.host}/a/b${reference}`);
      expect([digest, mediaType]).toEqual([digestOf(manifest), MEDIA.manifest]);
      expect([...blobs.values()].map((bytes) => digestOf(bytes))).toEqual([digestOf(config), digestOf(large)]);
    }
    expect(stub.headers.every((headers) => headers['accept-encoding'] === 'identity')).toBe(true);
  });

  test('is asked for as an index, and read whole', async () => {
    const index = imageIndex([image.descriptor]);
    stub.answer = serving([image.manifest, image.config, ...image.layers], index, MEDIA.index);
    const { manifests, mediaType } = await readImage(`${stub.host}/a/b:v1`);
    expect(mediaType).toBe(MEDIA.index);
    expect([...manifests.values()]).toEqual([image.manifest, index]);
    expect(stub.headers[0]?.accept).toContain(MEDIA.index);
    expect(stub.headers[0]?.accept).toContain(MEDIA.dockerList);
  });

  test('goes on where a connection broke', async () => {
    stub.answer = onLayer([breaksAfter(300_000), (request, response) => ranged(request, response)]);
    expect((await readImage(`${stub.host}/a/b:v1`)).blobs.size).toBe(2);
    const ranges = stub.headers.map(({ range }) => range).filter((range) => range !== undefined);
    expect(ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
  });

  test('is read through a registry that knows no ranges', async () => {
    stub.answer = onLayer([breaksAfter(300_000), all]);
    expect((await readImage(`${stub.host}/a/b:v1`)).blobs.get(digestOf(large))?.equals(large)).toBe(true);
  });

  test('is given up where connections bring nothing any more', async () => {
    stub.answer = onLayer(Array.from({ length: 20 }, () => (_, response) => void response.destroy()));
    const { code, message } = await refusal(readImage(`${stub.host}/a/b:v1`));
    expect(code).toBe('unreachable');
    expect(message).toContain(`the registry ${stub.host}`);
    expect(stub.asked.length).toBeLessThan(10);
  });

  test('is asked for again where a registry is busy, as late as it says', async () => {
    stub.answer = first([status(503, { 'retry-after': '1' }), status(502), status(429)], all);
    const begun = performance.now();
    await readImage(`${stub.host}/a/b:v1`);
    expect(performance.now() - begun).toBeGreaterThan(1000);
  });

  test('is not waited for where a registry asks for minutes', async () => {
    stub.answer = first([status(429, { 'retry-after': '600' })], all);
    expect(await refusal(readImage(`${stub.host}/a/b:v1`))).toMatchObject({ code: 'refused', status: 429 });
    expect(stub.asked).toHaveLength(1);
  });

  test('is not asked for again where it never helps', async () => {
    stub.answer = status(500, {}, json({ errors: [{ code: 'X', message: 'broken\u001b[2J' }] }).toString());
    const { code, message, status: answered } = await refusal(readImage(`${stub.host}/a/b:v1`));
    expect([code, answered]).toEqual(['refused', 500]);
    expect(message).toMatch(/answered 500 to GET of v1 in a\/b: broken \[2J/);
    expect(stub.asked).toHaveLength(1);
  });

  test('that is not there is told with the tags that are', async () => {
    stub.answer = (request, response) => {
      const isList = request.url?.startsWith('/v2/a/b/tags/list') === true;
      response.writeHead(isList ? 200 : 404).end(isList ? json({ tags: ['one', 'two'] }) : '');
    };
    const { code, message } = await refusal(readImage(`${stub.host}/a/b:v9`));
    expect(code).toBe('image-not-found');
    expect(message).toBe(`there is no image ${stub.host}/a/b:v9; these tags are there: one, two`);
    stub.answer = status(404);
    expect((await refusal(readImage(`${stub.host}/a/b:v9`))).message).toBe(`there is no image ${stub.host}/a/b:v9`);
  });

  test('is refused where the registry sends another manifest than the one it was asked for', async () => {
    stub.answer = (_, response) => void response.writeHead(200, { 'content-type': MEDIA.manifest }).end(manifest);
    const { code } = await refusal(readImage(`${stub.host}/a/b@${digestOf(config)}`));
    expect(code).toBe('content-mismatch');
  });

  test('is refused where a blob is cut, longer, or another', async () => {
    for (const wrong of [large.subarray(1), Buffer.concat([large, large]), Buffer.alloc(large.length, 'x')]) {
      stub.answer = onLayer([(_, response) => void response.writeHead(200).end(wrong)]);
      const { code, message } = await refusal(readImage(`${stub.host}/a/b:v1`));
      expect(code).toBe('content-mismatch');
      expect(message).toContain(digestOf(large));
    }
  });

  test('is refused where its manifest is larger than any', async () => {
    stub.answer = (_, response) => void response.writeHead(200).end(Buffer.alloc(5 * 1024 * 1024, ' '));
    expect((await refusal(readImage(`${stub.host}/a/b:v1`))).code).toBe('manifest-invalid');
  });
});

describe('a registry that wants a login', () => {
  const token = { 'www-authenticate': '' };

  /** Gives a token at /token and wants it everywhere else. */
  function guarded(login?: string): Answer {
    token['www-authenticate'] =
      `Bearer realm="http://${stub.host}/token?x=1",service="that one",scope="repository:a/b:pull"`;
    return (request, response) => {
      if (request.url?.startsWith('/token') === true) {
        const welcome = login === undefined || request.headers.authorization === `Basic ${btoa(login)}`;
        return void response.writeHead(welcome ? 200 : 401).end(json({ token: 'abc' }));
      }
      if (request.headers.authorization === 'Bearer abc') return all(request, response);
      return void response.writeHead(401, token).end();
    };
  }

  test('gives anybody a token, which then serves for all requests', async () => {
    stub.answer = guarded();
    await readImage(`${stub.host}/a/b:v1`);
    expect(stub.asked.filter((asked) => asked.includes('/token'))).toEqual([
      'GET /token?x=1&service=that+one&scope=repository%3Aa%2Fb%3Apull',
    ]);
  });

  test('gets a new one where the old has expired', async () => {
    let answered = 0;
    const guard = guarded();
    stub.answer = (request, response) =>
      ++answered === 4 ? void response.writeHead(401, token).end() : guard(request, response);
    expect((await readImage(`${stub.host}/a/b:v1`)).blobs.size).toBe(2);
    expect(stub.asked.filter((asked) => asked.includes('/token'))).toHaveLength(2);
  });

  test('gets user and password where its tokens need them', async () => {
    stub.answer = guarded('me:s@cret');
    expect((await readImage(`docker://me:s%40cret@${stub.host}/a/b:v1`)).blobs.size).toBe(2);
  });

  test('gets user and password itself where it asks for that', async () => {
    stub.answer = (request, response) =>
      request.headers.authorization === `Basic ${btoa('me:secret')}`
        ? all(request, response)
        : void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    expect((await readImage(`me:secret@${stub.host}/a/b:v1`)).blobs.size).toBe(2);
    const nobody = await refusal(readImage(`${stub.host}/a/b:v1`));
    expect([nobody.code, nobody.status]).toEqual(['unauthorized', 401]);
    expect(nobody.message).toMatch(/a login is given before the host/);
  });

  test('and takes none never learns of the password from a message', async () => {
    for (const answer of [
      guarded('other:one'),
      status(401, { 'www-authenticate': 'Basic realm="x"' }),
      status(403),
      status(401),
    ]) {
      stub.answer = answer;
      const { code, message } = await refusal(readImage(`docker://me:hidden@${stub.host}/a/b:v1`));
      expect(code).toBe('unauthorized');
      expect(message).not.toContain('hidden');
    }
  });

  test.each(['http://example.org/token', 'ftp://127.0.0.1/', '/token', ''])(
    'is not followed to %j, where the password would go in the clear or nowhere',
    async (realm) => {
      stub.answer = status(401, { 'www-authenticate': `Bearer realm="${realm}"` });
      expect((await refusal(readImage(`me:hidden@${stub.host}/a/b:v1`))).code).toBe('refused');
    },
  );

  test('is refused where it gives no token', async () => {
    for (const body of ['', '[]', 'null', '{"token":1}', '{"token":"a\\nb"}']) {
      stub.answer = (request, response) =>
        request.url?.startsWith('/token') === true
          ? void response.writeHead(200).end(body)
          : void response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${stub.host}/token"` }).end();
      expect((await refusal(readImage(`${stub.host}/a/b:v1`))).code).toBe('refused');
    }
  });
});
