import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteRange } from '../blob-store.ts';
import { StoreError } from '../store-error.ts';
import type { Bucket, OpenObject } from './bucket.ts';

const TRIES = 6;
const PAUSE_MS = 50;
const MAX_PIECE_BYTES = 1024 * 1024;

/** The bytes of an object, or of a range of it, also across lost connections. Rejects with code `missing` where it is absent. */
export async function* readObject(bucket: Bucket, key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
  if (range !== undefined && range.start >= range.end) {
    if ((await bucket.stat(key)) === undefined) throw missing(key);
    return;
  }
  let object = await open(bucket, key, range);
  const start = range?.start ?? 0;
  const end = start + object.length;
  // What follows is read of the same object, though another may have taken its name.
  const { etag } = object;
  let at = start;
  for (let tries = 1; ; tries += 1) {
    const before = at;
    try {
      for await (const piece of piecesOf(object)) {
        at += piece.length;
        yield piece;
      }
      if (at >= end) return;
      throw new StoreError('busy', `of ${end - start} bytes of ${key} ${at - start} came`);
    } catch (error) {
      if (at >= end) return;
      if (at > before) tries = 1;
      if (tries === TRIES) throw new StoreError('busy', `${key} was cut off again and again`, { cause: error });
      await sleep(PAUSE_MS * tries);
    }
    object = await open(bucket, key, { start: at, end }, etag);
  }
}

async function open(bucket: Bucket, key: string, range?: ByteRange, etag?: string): Promise<OpenObject> {
  const object = await bucket.open(key, range, etag);
  if (object === undefined) throw missing(key);
  return object;
}

async function* piecesOf({ body }: OpenObject): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) yield bytes.subarray(at, at + MAX_PIECE_BYTES);
    }
  } finally {
    body.destroy();
  }
}

function missing(key: string): StoreError {
  return new StoreError('missing', `there is no object ${key}`);
}
