import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pushImage, type PushedImage, type PushImageOptions } from '../../../../lib/client/image/push-image.ts';
import { descriptorOf, digestOf, imageIndex, imageManifest, json, MEDIA } from '../../../support/oci-content.ts';
import { useTemporaryFolder } from '../../../support/use-temporary-folder.ts';
import { blobPath, layoutFiles, writeFolder, type Files } from './support/image-files.ts';
import { refusal } from './support/read-image.ts';
import { bodyOf, StubRegistry, useStubRegistry, type Answer } from './support/stub-registry.ts';

const folder = useTemporaryFolder();
const stub = useStubRegistry();
const large = Buffer.alloc(300_000, 'layer.');
const small = Buffer.from('small layer');
const config = json({ rootfs: { type: 'layers', diff_ids: [digestOf(large), digestOf(small)] } });
const manifest = imageManifest(descriptorOf(config, MEDIA.config), [
  descriptorOf(large, MEDIA.layer),
  descriptorOf(small, MEDIA.layer),
]);
const index = imageIndex([descriptorOf(manifest, MEDIA.manifest)]);
const files = layoutFiles([descriptorOf(index, MEDIA.index)], [index, manifest, config, large, small]);
let layout = '';
/** What the server has: blobs and manifests by digest. */
const has = new Map<string, Buffer>();
const elsewhere = new Set<string>();

beforeAll(async () => {
  layout = await writeFolder(join(folder.path, 'layout'), files);
});
beforeEach(() => {
  has.clear();
  elsewhere.clear();
  stub.answer = server;
});

/** The requests of a push as the distribution specification has them. */
async function server(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', `http://${stub.host}`);
  const name = url.pathname.split('/').at(-1) ?? '';
  const digest = url.searchParams.get('digest');
  if (request.method === 'HEAD') {
    const found = has.get(name);
    return void response.writeHead(found === undefined ? 404 : 200, { 'content-length': found?.length ?? 0 }).end();
  }
  if (request.method === 'POST' && elsewhere.has(url.searchParams.get('mount') ?? ''))
    return void response.writeHead(201).end();
  if (request.method === 'POST' && digest === null) {
    return void response.writeHead(202, { location: '/v2/f/blobs/uploads/1?state=x' }).end();
  }
  if (request.method === 'DELETE') return void response.writeHead(204).end();
  const body = await bodyOf(request);
  const wanted = url.pathname.includes('/manifests/') ? name : (digest ?? '');
  if (digestOf(body) !== wanted) return void response.writeHead(400).end();
  has.set(wanted, body);
  return void response.writeHead(201).end();
}

function push(more: Partial<PushImageOptions> = {}): Promise<PushedImage> {
  return pushImage({ source: layout, server: `http://${stub.host}`, family: 'f', ...more });
}

async function pushDamaged(change: (files: Files) => void): Promise<{ code: string; message: string }> {
  const changed = new Map(files);
  change(changed);
  const source = await writeFolder(join(folder.path, `damaged-${Math.random()}`), changed);
  return refusal(push({ source }));
}

/** Answers so once, the first time that a request is of this method and kind. */
function once(method: string, part: string, answer: Answer): Answer {
  let done = false;
  return (request, response) => {
    const hit = !done && request.method === method && request.url?.includes(part) === true;
    done ||= hit;
    return hit ? answer(request, response) : server(request, response);
  };
}

function asked(method: string): string[] {
  return stub.asked.filter((line) => line.startsWith(`${method} `));
}

describe('a push', () => {
  test('brings blobs and then manifests, what is named before what names it', async () => {
    expect(await push()).toEqual({ digest: digestOf(index), mediaType: MEDIA.index, size: index.length, manifests: 1 });
    expect([...has.keys()].toSorted()).toEqual(
      [index, manifest, config, large, small].map((one) => digestOf(one)).toSorted(),
    );
    expect(stub.asked.slice(-2)).toEqual([
      `PUT /v2/f/manifests/${digestOf(manifest)}`,
      `PUT /v2/f/manifests/${digestOf(index)}`,
    ]);
  });

  test('sends what the family has already no second time', async () => {
    await push();
    stub.asked.length = 0;
    await push();
    expect(stub.asked.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'HEAD', 'HEAD', 'PUT', 'PUT']);
  });

  test('mounts what another family has', async () => {
    elsewhere.add(digestOf(large));
    await push();
    expect(asked('POST')).toContain(`POST /v2/f/blobs/uploads/?mount=${digestOf(large)}`);
    expect(has.has(digestOf(large))).toBe(false);
  });

  test('tells how far it is, and ends with all of it', async () => {
    const told: [string, number, number | undefined][] = [];
    await push({ onProgress: (...progress) => told.push(progress) });
    const total = large.length + small.length + config.length;
    expect(told.findLast(([doing]) => doing === 'sending bytes')).toEqual(['sending bytes', total, total]);
    expect(told.at(-1)).toEqual(['sending manifests', 2, 2]);
    expect(told.every(([, done, of]) => of === undefined || done <= of)).toBe(true);
  });

  test('takes little memory, however large a blob is', async () => {
    const size = 512 * 1024 * 1024;
    const piece = Buffer.alloc(1024 * 1024);
    const hash = createHash('sha256');
    for (let done = 0; done < size; done += piece.length) hash.update(piece);
    const layer = { mediaType: MEDIA.layer, digest: `sha256:${hash.digest('hex')}`, size };
    const huge = imageManifest(descriptorOf(config, MEDIA.config), [layer]);
    const holding = layoutFiles([descriptorOf(huge, MEDIA.manifest)], [huge, config]);
    const source = await writeFolder(join(folder.path, 'huge'), holding);
    await writeFile(join(source, 'blobs', ...layer.digest.split(':')), '');
    await truncate(join(source, 'blobs', ...layer.digest.split(':')), size);
    stub.answer = once('PUT', '/uploads/', async (request, response) => {
      for await (const _ of request);
      response.writeHead(201).end();
    });
    const before = process.memoryUsage().rss;
    let most = before;
    await push({ source, onProgress: () => (most = Math.max(most, process.memoryUsage().rss)) });
    expect((most - before) / 1024 ** 2).toBeLessThan(256);
  });

  test('says who sends, in bytes that a header may hold', async () => {
    await push({ actor: 'Zoë\r\nX: y' });
    const heard = new Set(
      stub.headers.map((headers) => Buffer.from(String(headers['assay-actor']), 'latin1').toString()),
    );
    expect(heard).toEqual(new Set(['Zoë  X: y']));
  });

  test('logs in where the address of the server says how', async () => {
    await push({ server: `http://me:s%40cret@${stub.host}/` });
    expect(stub.headers.every((headers) => headers.authorization === `Basic ${btoa('me:s@cret')}`)).toBe(true);
  });

  test('says how to log in where the server wants it', async () => {
    stub.answer = (_, response) => void response.writeHead(401).end();
    const { code, message } = await refusal(push());
    expect(code).toBe('unauthorized');
    expect(message).toContain(`http://user:password@${stub.host}`);
  });

  test('speaks to a server below a path', async () => {
    await push({ server: `http://${stub.host}/below/` }).catch(() => {});
    expect(stub.asked[0]).toMatch(/^HEAD \/below\/v2\/f\/blobs\//);
  });
});

describe('a push over a bad connection', () => {
  test.each<[string, string, string, Answer]>([
    ['a server that is busy for a moment', 'PUT', '/uploads/', (_, response) => void response.writeHead(503).end()],
    ['a gateway without its server', 'HEAD', '/blobs/', (_, response) => void response.writeHead(502).end()],
    ['a connection that breaks in a blob', 'PUT', '/uploads/', (_, response) => void response.destroy()],
    ['a connection that breaks at a small blob', 'POST', 'digest=', (_, response) => void response.destroy()],
    ['a connection that breaks at a manifest', 'PUT', '/manifests/', (_, response) => void response.destroy()],
    [
      'an answer that is lost',
      'PUT',
      '/uploads/',
      async (request, response) => {
        has.set(digestOf(large), await bodyOf(request));
        response.destroy();
      },
    ],
  ])('gets over %s', async (_, method, part, answer) => {
    stub.answer = once(method, part, answer);
    expect((await push()).digest).toBe(digestOf(index));
    expect(has.get(digestOf(large))?.equals(large)).toBe(true);
  });

  test('gives up after a while', async () => {
    stub.answer = (_, response) => void response.destroy();
    const { code, message } = await refusal(push());
    expect(code).toBe('unreachable');
    expect(message).toContain(`the server http://${stub.host}`);
    expect(stub.asked.length).toBeLessThan(20);
  });

  test('says so where nobody listens', async () => {
    const gone = new StubRegistry();
    await gone.start();
    const { host } = gone;
    await gone.close();
    expect((await refusal(push({ server: `http://${host}` }))).message).toMatch(/nobody listens there/);
    expect((await refusal(push({ server: 'http://127.0.0.1:1' }))).message).toMatch(/refuse to use/);
  });

  test('does not try again what the server refuses, and forgets what it began', async () => {
    const refusing = json({ errors: [{ code: 'UNAVAILABLE', message: 'the disk is full' }] });
    stub.answer = once('PUT', '/uploads/', (_, response) => void response.writeHead(507).end(refusing));
    expect(await refusal(push())).toMatchObject({
      code: 'refused',
      status: 507,
      message: expect.stringMatching(/PUT of sha256:.* in f: the disk is full/),
    });
    expect(asked('PUT')).toHaveLength(1);
    expect(asked('DELETE')).toEqual(['DELETE /v2/f/blobs/uploads/1?state=x']);
  });

  test('ends when it is told to, and leaves no upload behind', async () => {
    const stop = new AbortController();
    stub.answer = once('PUT', '/uploads/', () => stop.abort(new Error('enough')));
    await expect(push({ signal: stop.signal })).rejects.toThrow('enough');
    expect(asked('DELETE')).toHaveLength(1);
    await expect(push({ signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('a push of what is damaged', () => {
  test('names the blob, and the server never gets the whole of it', async () => {
    const wrong = Buffer.from(large).fill(0, 5, 6);
    const found = await pushDamaged((changed) => changed.set(blobPath(large), wrong));
    expect(found.code).toBe('content-mismatch');
    expect(found.message).toContain(digestOf(large));
    expect([...has.values()].some((bytes) => bytes.equals(wrong))).toBe(false);
    expect(has.has(digestOf(index))).toBe(false);
    expect(asked('PUT').length).toBeLessThanOrEqual(1);
    expect(asked('DELETE')).toHaveLength(1);
  });

  test('names what is missing', async () => {
    for (const bytes of [large, small, config, manifest]) {
      // Of what is sent at the same time, some may have arrived the time before, or be about to.
      await sleep(200);
      has.clear();
      const found = await pushDamaged((changed) => changed.delete(blobPath(bytes)));
      expect(found.code).toBe('content-missing');
      expect(found.message).toContain(digestOf(bytes));
    }
  });

  test('is seen where the server has a blob of another size', async () => {
    has.set(digestOf(large), small);
    expect((await refusal(push())).code).toBe('content-mismatch');
  });
});

test('a push to what is no server or no family is refused before anything is sent', async () => {
  for (const address of ['nowhere', 'ftp://127.0.0.1/', '']) {
    expect((await refusal(push({ server: address }))).code).toBe('server-invalid');
  }
  for (const family of ['', 'Upper', '../x', 'a//b'])
    expect((await refusal(push({ family }))).code).toBe('family-invalid');
  expect(stub.asked).toEqual([]);
});
