import { OciError } from './oci-error.ts';

/** The source, refused as soon as it brings more than `limit` bytes. */
export async function* limited(source: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const bytes of source) {
    left -= bytes.length;
    if (left < 0) throw new OciError('upload-too-large', 'the blob is larger than this server takes');
    yield bytes;
  }
}

/** The source, refused as soon as it brings more than a family's quota leaves, if it has one. */
export async function* within(source: AsyncIterable<Uint8Array>, room: number | undefined): AsyncGenerator<Uint8Array> {
  let left = room ?? Infinity;
  for await (const bytes of source) {
    left -= bytes.length;
    if (left < 0) throw new OciError('quota-exceeded', 'the blob is larger than the quota of its repository leaves');
    yield bytes;
  }
}

/** The source, refused where it is not of the length that its place says. No byte behind that length passes. */
export async function* ofLength(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const bytes of source) {
    left -= bytes.length;
    if (left < 0) throw notOfLength(length);
    yield bytes;
  }
  if (left > 0) throw notOfLength(length);
}

function notOfLength(length: number): OciError {
  return new OciError('size-mismatch', `Content-Range speaks of ${length} bytes, and the body has another number`);
}
