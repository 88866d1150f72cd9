import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Digest } from '../lib/encoding/digest.ts';
import type { TreeBlob } from '../lib/oci/blobs.ts';
import type { ByteRange } from '../lib/store/blob-store.ts';
import type { Located } from '../lib/store/content-store.ts';
import type { AppContext } from './app-context.ts';
import { parseRange } from './byte-range.ts';
import { RequestError } from './request-error.ts';
import { sendStream } from './send-stream.ts';

export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A name may move: a copy is good only as long as the server says so. */
export const REVALIDATE = 'no-cache';

const RANGE = 'range';
const IF_NONE_MATCH = 'if-none-match';

/** Stored bytes that a read has found, and what its answer says of them. */
export interface Found {
  readonly digest: Digest;
  readonly contentType: string;
  readonly cacheControl: string;
  /** Of a tree, the bytes are its canonical tar. */
  readonly body: Located | (TreeBlob & { readonly family: string });
  /** The answer names the digest as the OCI specification wants it. */
  readonly isOci: boolean;
  readonly ranges: boolean;
  /** The client knows to look elsewhere for the bytes (OCI distribution, "Pulling blobs"). */
  readonly mayRedirect?: boolean;
}

/** How long an address elsewhere is good: to begin a download, which may then take as long as it does. */
const LINK_SECONDS = 300;

/** Answers GET or HEAD with content, a range of it, or the word that the client has it already. */
export async function sendFound(
  req: IncomingMessage,
  res: ServerResponse,
  { body, digest, contentType, cacheControl, isOci, ranges, mayRedirect }: Found,
  app: AppContext,
): Promise<void> {
  const etag = `"${digest}"`;
  const shared = ['etag', etag, 'cache-control', cacheControl, 'x-content-type-options', 'nosniff'];
  if (isOci) shared.push('docker-content-digest', digest);
  const { method } = req;
  // Node makes the object of headers when it is first asked for; most reads are of the whole and need none.
  const headers = hasConditions(req.rawHeaders) ? req.headers : {};
  if (headers['if-none-match'] !== undefined && matches(headers['if-none-match'], etag)) {
    res.writeHead(304, shared).end();
    return;
  }
  if (mayRedirect === true && method === 'GET' && app.blobLinks !== undefined && liesRaw(body)) {
    const location = await app.blobLinks.linkTo(body.content, LINK_SECONDS);
    // The address is good for a while only, the bytes behind it for ever.
    const headers = ['location', location, 'docker-content-digest', digest, 'cache-control', 'no-store'];
    res.writeHead(307, [...headers, 'content-length', '0']).end();
    return;
  }
  if (ranges) shared.push('accept-ranges', 'bytes');
  const range = ranges && method === 'GET' ? wantedRange(headers, etag, body.size) : undefined;
  if (range === 'unsatisfiable') {
    throw new RequestError('range-unsatisfiable', `there are ${body.size} bytes`, {
      headers: { 'content-range': `bytes */${body.size}` },
    });
  }
  shared.push(
    'content-type',
    contentType,
    'content-length',
    String(range === undefined ? body.size : range.end - range.start),
  );
  if (range !== undefined) shared.push('content-range', `bytes ${range.start}-${range.end - 1}/${body.size}`);
  await send(res, range === undefined ? 200 : 206, shared, method === 'HEAD' ? undefined : body, range, app);
}

/** The blob store has just these bytes, as an object of their own. */
function liesRaw(body: Found['body']): body is Located {
  return body.place === 'blob' && body.encoding === undefined;
}

async function send(
  res: ServerResponse,
  status: number,
  headers: string[],
  body: Found['body'] | undefined,
  range: ByteRange | undefined,
  { content, definitions }: AppContext,
): Promise<void> {
  if (body === undefined || body.size === 0) {
    res.writeHead(status, headers).end();
    return;
  }
  const length = range === undefined ? body.size : range.end - range.start;
  if (body.place === 'tree') {
    const archive = await definitions.archives.open(body.family, body.tree);
    await sendStream(res, status, headers, archive.read(range), length);
    return;
  }
  if (content.isSmall(body)) {
    const bytes = await content.inlineBytes(body.content, body);
    res.writeHead(status, headers).end(range === undefined ? bytes : bytes.subarray(range.start, range.end));
    return;
  }
  await sendStream(res, status, headers, content.read(body, range), length);
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
