import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachAtOnce } from '../../lib/encoding/each-at-once.ts';
import { ROUTES } from '../../server/routes/router.ts';
import { header, jsonOf, send } from '../support/http.ts';
import { digestOf, imageIndex, MEDIA } from '../support/oci-content.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { sampleReview } from '../support/run-place.ts';
import { Server } from '../support/server.ts';
import { publish, publishBody, push, pushBody, pin } from './support/definition-writes.ts';
import { tellFigures } from './support/figures.ts';
import { oddRequest, type Known } from './support/odd-requests.ts';
import { bytesOf, exchange, type RawReply, type RawRequest } from './support/raw-request.ts';
import { review, run, submissionOf } from './support/run-writes.ts';
import { SEED, size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const REQUESTS = size('ASSAY_FAULT_REQUESTS', 400, 5000);
const FAMILY = 'test-cases/carom';

test(`${REQUESTS} odd requests on all ${ROUTES.length} routes are each refused in their envelope, or answered (seed ${SEED})`, async () => {
  const server = new Server({ flags: ['--body-timeout', '300ms'] });
  await server.start();
  try {
    const requests = fc.sample(oddRequest(await filledServer(server)), { numRuns: REQUESTS, seed: SEED });
    const wrong: string[] = [];
    const statuses = new Map<number, number>();
    await eachAtOnce(16, requests, async (request) => {
      const reply = await exchange(server, request);
      const fault = faultOf(request, reply);
      if (fault !== undefined) wrong.push(`${fault}: ${bytesOf(request).toString('latin1').slice(0, 1500)}`);
      const kind = Math.floor((reply?.status ?? 0) / 100);
      statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
    });
    tellFigures('odd requests', {
      requests: REQUESTS,
      routes: ROUTES.length,
      '2xx': statuses.get(2) ?? 0,
      '3xx': statuses.get(3) ?? 0,
      '4xx': statuses.get(4) ?? 0,
      '5xx': statuses.get(5) ?? 0,
      'without an answer': statuses.get(0) ?? 0,
      seed: String(SEED),
    });
    expect(wrong.slice(0, 5)).toEqual([]);
    // Neither all nonsense nor all right.
    expect(statuses.get(2) ?? 0).toBeGreaterThan(REQUESTS / 50);
    expect(statuses.get(4) ?? 0).toBeGreaterThan(REQUESTS / 4);
    expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
    expect(server.said).not.toMatch(/"status":5(?!03)|stray rejection|answer failed/);
    await expectWhole(server);
  } finally {
    await server.close();
  }
}, 400_000);

/** A server with something of everything, and what is needed to ask for it. */
async function filledServer(server: Server): Promise<Known> {
  const repository = freshRepository(server, 'fuzz/images');
  const image = await repository.pushImage('v1');
  const upload = new URL(await repository.startUpload()).pathname.split('/').at(-1)!;
  const writes = [
    publish(FAMILY, 'v1.0.0'),
    publish(FAMILY, 'v1.1.0'),
    pin(FAMILY, 'stable', 'v1.0.0'),
    run(FAMILY, 'v1.0.0', 'run-1'),
    review('run-1', 'ben'),
    push('fuzz/git', 'main'),
  ];
  for (const write of writes) expectStatus(await write.send({ url: server.url }), 200, 201);
  const version = await send('GET', `${server.url}/api/v1/definitions/${FAMILY}@v1.0.0`);
  const { digest, layer, tree } = jsonOf(version) as { digest: string; layer: { digest: string }; tree: string };
  const record = header(await send('GET', `${server.url}/api/v1/runs/run-1/record`), 'etag') ?? '';
  const index = imageIndex([], { annotations: { fuzz: 'yes' } });
  const bodies = [
    submissionOf(FAMILY, 'v1.0.0', 'run-2'),
    { review: sampleReview({ reviewer: 'ben' }), note: 'on second thought' },
    { ...submissionOf(FAMILY, 'v1.0.0', 'run-1'), reason: 'a wrong number' },
    { reason: 'a wrong build' },
    { to: 'v1.1.0', note: 'moved', expect: digest },
    { kind: 'erratum', text: 'A word is missing.' },
    { immutable: ['v*'] },
    { oids: [tree] },
    { snapshot: digest },
  ].map((value) => Buffer.from(JSON.stringify(value)));
  const [moved, branch] = [publishBody('v2.0.0').body, pushBody('refs/heads/other').body];
  return {
    words: [
      [FAMILY, 'fuzz/git', repository.name, 'fuzz/new', 'v1.0.0', 'v1.1.0', 'v2.0.0', 'v1', 'stable', 'main'],
      [image.digest, digestOf(image.layer), digest, layer.digest, record.replaceAll('"', ''), digestOf(index)],
      ['run-1', 'run-2', 'ada', 'ben', upload, '0/000', '0/000.p/1', 'entries/000.p/3', 'prompt.md', 'large.bin'],
      ['0', '1', '2', '10', `${FAMILY}@v1.0.0`, 'git-upload-pack', 'git-receive-pack', 'only', MEDIA.index],
    ].flat(),
    bodies: [...bodies, index, image.bytes, image.layer, moved, branch, FETCH, Buffer.from('{}')],
  };
}

const FETCH = Buffer.from(`0014command=ls-refs\n0015agent=git/2.39.00001000bpeel\n0000`);

/** What is wrong with an answer, whatever was asked. */
function faultOf(request: RawRequest, reply: RawReply | undefined): string | undefined {
  if (reply === undefined) return 'silence';
  const { status, contentType, retryAfter, body } = reply;
  // Two ask at the same time for what only one can do: the second is told when to come again.
  const isBusy = status === 503 && retryAfter && request.target.startsWith('/api/v1/publication/');
  if (status >= 500 && !isBusy) return `a ${status} with ${body.slice(0, 300)}`;
  if (status < 400 || request.method === 'HEAD') return undefined;
  return isEnvelope(contentType, body)
    ? undefined
    : `a ${status} in no envelope, ${contentType}: ${body.slice(0, 300)}`;
}

function isEnvelope(contentType: string, body: string): boolean {
  if (contentType.startsWith('text/plain')) return body.trim() !== '';
  try {
    const told = JSON.parse(body) as { code?: unknown; errors?: { code?: unknown }[] };
    if (contentType.startsWith('application/problem+json')) return typeof told.code === 'string';
    return contentType.startsWith('application/json') && typeof told.errors?.[0]?.code === 'string';
  } catch {
    return false;
  }
}
