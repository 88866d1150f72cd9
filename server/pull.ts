import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkDigest, checkFamily, parseReferenceToRead } from '../lib/oci/name.ts';
import type { AppContext } from './app-context.ts';
import { RequestError } from './request-error.ts';
import { respondError } from './respond-error.ts';
import { nameRequest } from './trace/tracer.ts';
import { IMMUTABLE, REVALIDATE, sendFound, type Found } from './send-found.ts';

/** One read of a manifest or a blob, as its path names it, still percent-encoded. */
interface PullPath {
  readonly kind: 'manifests' | 'blobs';
  readonly family: string;
  readonly name: string;
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
  nameRequest(path.kind);
  app.metrics.request(path.kind, req.method ?? '', res.statusCode, (performance.now() - started) / 1000);
}

async function pull(req: IncomingMessage, res: ServerResponse, path: PullPath, app: AppContext): Promise<void> {
  const found = path.kind === 'blobs' ? await findBlob(path, app) : await findManifest(path, app);
  if (found.body.place === 'tree' && req.method === 'GET') await app.turns.take('pack', req, res);
  await sendFound(req, res, found, app);
}

async function findBlob(path: PullPath, { registry }: AppContext): Promise<Found> {
  const digest = checkDigest(decoded(path.name));
  const family = checkFamily(decoded(path.family));
  const found = await registry.blobs.find(family, digest);
  const body = found.place === 'tree' ? { ...found, family } : found;
  return {
    digest,
    body,
    contentType: 'application/octet-stream',
    cacheControl: IMMUTABLE,
    isOci: true,
    ranges: true,
    mayRedirect: true,
  };
}

async function findManifest({ family, name }: PullPath, { registry }: AppContext): Promise<Found> {
  const reference = parseReferenceToRead(decoded(name));
  const { digest, mediaType, located } = await registry.manifests.find(checkFamily(decoded(family)), reference);
  const cacheControl = 'digest' in reference ? IMMUTABLE : REVALIDATE;
  return { digest, body: located, contentType: mediaType, cacheControl, isOci: true, ranges: false };
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
