import type { Answer, Wire } from './wire.ts';

/** Bytes to upload, given in pieces so that a large blob needs no memory of its size. */
export interface Content {
  digest: string;
  size: number;
  pieces: () => Iterable<Uint8Array>;
}

export interface Repository {
  url: string;
  name: string;
}

const octets = 'Content-Type: application/octet-stream';

/** POST, then the whole blob in the closing PUT. */
export async function pushMonolithic(wire: Wire, repository: Repository, blob: Content): Promise<void> {
  const upload = await startUpload(wire, repository);
  const target = withDigest(upload, blob.digest);
  const head = requestHead('PUT', target, [octets, `Content-Length: ${blob.size}`]);
  expectStatus(await wire.request(head, blob.pieces()), 201, 'PUT of a blob');
}

/** POST, one PATCH of unknown length, and a closing PUT without a body: what skopeo, podman and buildah do. */
export async function pushStreamed(wire: Wire, repository: Repository, blob: Content): Promise<void> {
  const upload = await startUpload(wire, repository);
  const patch = requestHead('PATCH', upload, [octets, 'Transfer-Encoding: chunked']);
  const patched = await wire.request(patch, chunked(blob.pieces()));
  expectStatus(patched, 202, 'PATCH of a blob');
  const target = withDigest(locationOf(patched, upload), blob.digest);
  const put = await wire.request(requestHead('PUT', target, ['Content-Length: 0']));
  expectStatus(put, 201, 'closing PUT');
}

export async function pushManifest(
  wire: Wire,
  repository: Repository,
  reference: string,
  manifest: { mediaType: string; bytes: Uint8Array },
): Promise<void> {
  const target = new URL(`/v2/${repository.name}/manifests/${reference}`, repository.url);
  const headers = [`Content-Type: ${manifest.mediaType}`, `Content-Length: ${manifest.bytes.length}`];
  const answer = await wire.request(requestHead('PUT', target, headers), [manifest.bytes]);
  expectStatus(answer, 201, 'PUT of a manifest');
}

export function requestHead(method: string, target: URL, headers: readonly string[] = []): string {
  const lines = [`${method} ${target.pathname}${target.search} HTTP/1.1`, `Host: ${target.host}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export function expectStatus(answer: Answer, status: number, what: string): void {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} instead of ${status}. ${answer.excerpt}`);
}

async function startUpload(wire: Wire, repository: Repository): Promise<URL> {
  const target = new URL(`/v2/${repository.name}/blobs/uploads/`, repository.url);
  const started = await wire.request(requestHead('POST', target, ['Content-Length: 0']));
  expectStatus(started, 202, 'POST of an upload');
  return locationOf(started, target);
}

function locationOf(answer: Answer, base: URL): URL {
  const location = answer.headers.get('location');
  if (location === undefined) throw new Error(`answer ${answer.status} of an upload has no Location`);
  return new URL(location, base);
}

function withDigest(upload: URL, digest: string): URL {
  const target = new URL(upload);
  target.searchParams.set('digest', digest);
  return target;
}

/** A piece that comes again is framed once: the client's work is in the figure, so it has to be small. */
function* chunked(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let previous: Uint8Array | undefined;
  let framed: Uint8Array = Buffer.alloc(0);
  for (const piece of pieces) {
    if (piece !== previous) framed = inChunks(piece);
    previous = piece;
    yield framed;
  }
  yield Buffer.from('0\r\n\r\n');
}

/** 32 KiB a chunk, as Go's HTTP client, and so skopeo, sends a body of unknown length. */
function inChunks(piece: Uint8Array): Uint8Array {
  const most = 32 << 10;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < piece.length; at += most) {
    const chunk = piece.subarray(at, at + most);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
