import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { send } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { Server } from '../support/server.ts';

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: unknown };
    readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[];
  }[];
}

const spans: SpanJson[] = [];
const resources: unknown[] = [];
let headers: IncomingMessage['headers'] = {};
let answer: (response: ServerResponse) => void = (response) => response.end('{}');
const collector = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    headers = request.headers;
    const { resourceSpans } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Sent;
    for (const { resource, scopeSpans } of resourceSpans) {
      resources.push(resource.attributes);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    answer(response);
  });
});
let servers: Server[] = [];

beforeAll(() => new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve)));
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  spans.length = 0;
});
afterAll(async () => {
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

async function started(env: Record<string, string>): Promise<Server> {
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const server = new Server({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ASSAY_PUBLISH: 'off', ...env } });
  servers.push(server);
  await server.start();
  return server;
}

function attribute(span: SpanJson | undefined, key: string): unknown {
  const value = span?.attributes.find((one) => one.key === key)?.value ?? {};
  return Object.values(value)[0];
}

async function arrived(name: string): Promise<SpanJson> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = spans.find((span) => span.name === name);
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`);
}

test('a request, and what it does in the store, are spans of the trace that it came with', async () => {
  const server = await started({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x', OTEL_SERVICE_NAME: 'lab' });
  const repository = freshRepository(server);
  const bytes = randomContent(200_000);
  await repository.pushBlob(bytes);
  const [traceId, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const asked = { headers: { traceparent: `00-${traceId}-${parent}-01` } };
  expectStatus(await send('GET', `${repository.url(`blobs/${digestOf(bytes)}`)}?secret=1`, asked), 200);
  const read = await arrived('GET blobs');
  expect(read).toMatchObject({ traceId, parentSpanId: parent, kind: 2, status: {} });
  expect(attribute(read, 'http.response.status_code')).toBe('200');
  expect(attribute(read, 'url.path')).toBe(`/v2/${repository.name}/blobs/${digestOf(bytes)}`);
  const ofBlob = await arrived('blob read');
  expect(ofBlob).toMatchObject({ traceId, parentSpanId: read.spanId, kind: 3 });
  expect(attribute(ofBlob, 'assay.blob.bytes')).toBe('200000');
  const written = await arrived('store commit');
  expect(written.traceId).not.toBe(traceId);
  expect(spans.map((span) => span.spanId)).toContain(written.parentSpanId);
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    expect(Math.abs(Number(BigInt(startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(120_000);
  }
  expect(headers.authorization).toBe('Bearer x');
  expect(resources.at(-1)).toContainEqual({ key: 'service.name', value: { stringValue: 'lab' } });
  expect(JSON.stringify(spans)).not.toContain('secret');
});

test('a publication is a trace of its own, with what it rendered, put and swapped', async () => {
  const server = await started({ ASSAY_PUBLISH: '' });
  const swap = await arrived('publication swap');
  await server.stop();
  const root = spans.find(({ name, traceId }) => name === 'publication' && traceId === swap.traceId);
  expect(swap.parentSpanId).toBe(root?.spanId);
  const put = spans.find(({ name, traceId }) => name === 'publication put' && traceId === swap.traceId);
  const rendered = spans.find(({ name, traceId }) => name === 'publication render' && traceId === swap.traceId);
  expect(put?.parentSpanId).toBe(rendered?.spanId);
  expect(rendered?.parentSpanId).toBe(root?.spanId);
});

test('what is left is sent when the server ends', async () => {
  const server = await started({});
  expectStatus(await send('GET', `${server.url}/api/v1/families`), 200);
  expect(await server.stop()).toBe(0);
  expect(spans.some((span) => span.name.startsWith('GET '))).toBe(true);
});

test('nothing is sent of what the sampler leaves out', async () => {
  const server = await started({ OTEL_TRACES_SAMPLER: 'always_off' });
  expectStatus(await send('GET', `${server.url}/api/v1/families`), 200);
  await server.stop();
  expect(spans).toEqual([]);
});

test.each(['refuses', 'is away', 'hangs'])('a collector that %s costs no request', async (how) => {
  const away = how === 'is away' ? { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } : {};
  answer = (response) => {
    if (how === 'refuses') response.writeHead(503).end();
  };
  try {
    const server = await started(away);
    for (let tries = 0; tries < 20; tries += 1) {
      expectStatus(await send('GET', `${server.url}/api/v1/families`), 200);
    }
    expect(await server.stop()).toBe(0);
    expect(server.said).toContain('traces lost');
  } finally {
    answer = (response) => response.end('{}');
  }
});

test('each request gets a line in the log, with the id that a proxy gave it and without its query', async () => {
  const server = new Server({ flags: ['--log-requests', 'on'] });
  servers.push(server);
  await server.start();
  const headers = { 'X-Request-Id': 'from-the-proxy-7', authorization: 'Basic c2VjcmV0' };
  const reply = await send('GET', `${server.url}/api/v1/families?n=1&token=hidden`, { headers });
  expect(reply.headers['x-request-id']).toBe('from-the-proxy-7');
  const odd = await send('GET', `${server.url}/v2/`, { headers: { 'X-Request-Id': 'two words' } });
  expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  await server.stop();
  const lines = server.said.split('\n').filter((line) => line.includes('"message":"request"'));
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(parsed.find(({ requestId }) => requestId === 'from-the-proxy-7')).toMatchObject({
    method: 'GET',
    path: '/api/v1/families',
    status: 200,
    address: '127.0.0.1',
  });
  expect(server.said).not.toContain('hidden');
  expect(server.said).not.toContain('c2VjcmV0');
});
