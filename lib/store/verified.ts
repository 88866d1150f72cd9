import { createHash } from 'node:crypto';
import { createInflate } from 'node:zlib';
import { digestOf, sha256, type Sha256 } from '../encoding/digest.ts';
import type { Located } from './content-record.ts';
import { StoreError } from './store-error.ts';
import { inflateSmall } from './zlib-content.ts';

/** Stored bytes as they are, in whichever encoding; rejects with code `damaged` behind the last where they are not the content. */
export async function* verified(stored: AsyncIterable<Uint8Array>, located: Located): AsyncGenerator<Uint8Array> {
  const { content, size, encoding } = located;
  const hash = createHash('sha256');
  let length = 0;
  function take(bytes: Uint8Array): void {
    length += bytes.length;
    hash.update(bytes);
  }
  const pass = encoding === 'zlib' ? inflating(take) : bare(take);
  try {
    for await (const piece of stored) {
      await pass.take(piece);
      // What claims to be small is not inflated any further.
      if (length > size) throw damaged(content);
      yield piece;
    }
    await pass.end();
  } finally {
    pass.close();
  }
  if (length !== size || digestOf('sha256', hash) !== content) throw damaged(content);
}

/** Whether small stored bytes are the content. */
export function isContent(
  content: Sha256,
  stored: Uint8Array,
  { size, encoding }: Omit<Located, 'content' | 'place'>,
): boolean {
  if (encoding !== 'zlib') return stored.length === size && sha256(stored) === content;
  try {
    return sha256(inflateSmall(stored, size)) === content;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return false;
    throw error;
  }
}

interface Pass {
  readonly take: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
  readonly close: () => void;
}

function bare(onBytes: (bytes: Uint8Array) => void): Pass {
  return { take: async (bytes) => onBytes(bytes), end: async () => {}, close: () => {} };
}

function inflating(onBytes: (bytes: Uint8Array) => void): Pass {
  const inflate = createInflate({ chunkSize: 64 * 1024 });
  inflate.on('data', onBytes);
  const ended = new Promise<void>((resolve, reject) => {
    inflate.once('end', resolve);
    inflate.once('error', (cause) =>
      reject(new StoreError('damaged', 'stored bytes that are no zlib stream', { cause })),
    );
  });
  ended.catch(() => undefined);
  return {
    take: (bytes) => Promise.race([ended, new Promise<void>((resolve) => inflate.write(bytes, () => resolve()))]),
    async end() {
      inflate.end();
      await ended;
    },
    close: () => void inflate.destroy(),
  };
}

function damaged(content: Sha256): StoreError {
  return new StoreError('damaged', `the stored bytes are not those of ${content}`);
}
