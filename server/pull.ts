import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Located } from '../lib/store/content-store.ts';
import type { Digest } from '../lib/encoding/digest.ts';
import { checkDigest, checkFamily, parseReferenceToRead } from '../lib/oci/name.ts';
import type { ByteRange } from '../lib/store/blob-store.ts';
import type { AppContext } from './app-context.ts';
import { parseRange } from './byte-range.ts';
import { RequestError } from './request-error.ts';
import { respondError } from './respond-error.ts';
import { sendStream } from './send-stream.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A tag may move: a copy is good only as long as the server says so. */
const REVALIDATE = 'no-cache';

const RANGE = 'range';
const IF_NONE_MATCH = 'if-none-match';

/** One read of a manifest or a blob, as its path names it, still percent-encoded. */
interface PullPath {
  readonly kind: 'manifests' | 'blobs';
  readonly family: string;
  readonly name: string;
}

interface Found {
  readonly digest: Digest;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly located: Located;
}

/**
 * The short way: reads of manifests and blobs are answered here, before Koa, since they are nearly all of a registry's
 * work (docs/decisions/short-way.md). Returns whether the request was such a read.
 */
export function answerPull(req: IncomingMessage, res: ServerResponse, app: AppContext): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false;
  const path = pullPath(req.url ?? '');
  if (path === undefined) return false;
  void answer(req, res, path, app);
  return true;
}

async function answer(req: IncomingMessage, res: ServerResponse, path: PullPath, app: AppContext): Promise<void> {
  const started = performance.now();
  try {
    await pull(req, res, path, app);
  } catch (error) {
    respondError(req, res, error, app.log);
  }
  app.metrics.request(path.kind, req.method ?? '', res.statusCode, (performance.now() - started) / 1000);
}

async function pull(req: IncomingMessage, res: ServerResponse, path: PullPath, app: AppContext): Promise<void> {
  const found = path.kind === 'blobs' ? await findBlob(path, app) : await findManifest(path, app);
  const { located, digest, contentType, cacheControl } = found;
  const etag = `"${digest}"`;
  const shared = [
    'docker-content-digest',
    digest,
    'etag',
    etag,
    'cache-control',
    cacheControl,
    'x-content-type-options',
    'nosniff',
  ];
  const { method } = req;
  // Node makes the object of headers when it is first asked for; most reads are of the whole and need none.
  const headers = hasConditions(req.rawHeaders) ? req.headers : {};
  if (headers['if-none-match'] !== undefined && matches(headers['if-none-match'], etag)) {
    res.writeHead(304, shared).end();
    return;
  }
  if (path.kind === 'blobs') shared.push('accept-ranges', 'bytes');
  const range = path.kind === 'blobs' && method === 'GET' ? wantedRange(headers, etag, located.size) : undefined;
  if (range === 'unsatisfiable') {
    throw new RequestError('range-unsatisfiable', `the blob has ${located.size} bytes`, {
      headers: { 'content-range': `bytes */${located.size}` },
    });
  }
  shared.push(
    'content-type',
    contentType,
    'content-length',
    String(range === undefined ? located.size : range.end - range.start),
  );
  if (range !== undefined) shared.push('content-range', `bytes ${range.start}-${range.end - 1}/${located.size}`);
  await send(res, range === undefined ? 200 : 206, shared, method === 'HEAD' ? undefined : located, range, app);
}

async function send(
  res: ServerResponse,
  status: number,
  headers: string[],
  located: Located | undefined,
  range: ByteRange | undefined,
  { content }: AppContext,
): Promise<void> {
  if (located === undefined || located.size === 0) {
    res.writeHead(status, headers).end();
    return;
  }
  if (content.isSmall(located)) {
    const bytes = await content.inlineBytes(located.content, located);
    res.writeHead(status, headers).end(range === undefined ? bytes : bytes.subarray(range.start, range.end));
    return;
  }
  const length = range === undefined ? located.size : range.end - range.start;
  await sendStream(res, status, headers, content.read(located, range), length);
}

async function findBlob({ family, name }: PullPath, { registry }: AppContext): Promise<Found> {
  const digest = checkDigest(decoded(name));
  const located = await registry.blobs.find(checkFamily(decoded(family)), digest);
  return { digest, located, contentType: 'application/octet-stream', cacheControl: IMMUTABLE };
}

async function findManifest({ family, name }: PullPath, { registry }: AppContext): Promise<Found> {
  const reference = parseReferenceToRead(decoded(name));
  const { digest, mediaType, located } = await registry.manifests.find(checkFamily(decoded(family)), reference);
  return { digest, located, contentType: mediaType, cacheControl: 'digest' in reference ? IMMUTABLE : REVALIDATE };
}

/** RFC 9110, 13.1.5: an If-Range that names other bytes asks for the whole. */
function wantedRange(
  headers: IncomingMessage['headers'],
  etag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = headers['if-range'];
  if (headers.range === undefined || (ifRange !== undefined && ifRange !== etag)) return undefined;
  return parseRange(headers.range, size);
}

function hasConditions(rawHeaders: readonly string[]): boolean {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === RANGE.length && name.toLowerCase() === RANGE) return true;
    if (name.length === IF_NONE_MATCH.length && name.toLowerCase() === IF_NONE_MATCH) return true;
  }
  return false;
}

function matches(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

/** `/v2/<family>/manifests/<name>` or `/v2/<family>/blobs/<name>`, taken apart from its end since a family holds slashes. */
function pullPath(url: string): PullPath | undefined {
  if (!url.startsWith('/v2/')) return undefined;
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const nameAt = path.lastIndexOf('/');
  const kindAt = path.lastIndexOf('/', nameAt - 1);
  const kind = path.slice(kindAt + 1, nameAt);
  if ((kind !== 'manifests' && kind !== 'blobs') || kindAt <= 3) return undefined;
  return { kind, family: path.slice(4, kindAt), name: path.slice(nameAt + 1) };
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RequestError('request-malformed', 'the path is not well-formed percent-encoding');
  }
}
