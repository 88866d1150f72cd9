import type { Sha256 } from '../../lib/encoding/digest.ts';
import type { BlobStore, ByteRange } from '../../lib/store/blob-store.ts';
import type { Commit, KeyedStore, Range } from '../../lib/store/keyed-store.ts';
import { count, type Tracer } from './tracer.ts';

/** The keys, with a span for each commit and page. Reads of one key are only counted: a clone makes thousands. */
export function tracedKeys(keys: KeyedStore, tracer: Tracer): KeyedStore {
  return {
    get(key) {
      count('assay.store.gets', 1);
      return keys.get(key);
    },
    list(range: Range) {
      return tracer.part('store list', { 'assay.store.limit': range.limit }, () => keys.list(range));
    },
    commit(commit: Commit) {
      const { puts = [], deletes = [], checks = [] } = commit;
      const attributes = {
        'assay.store.puts': puts.length,
        'assay.store.deletes': deletes.length,
        'assay.store.checks': checks.length,
      };
      return tracer.part('store commit', attributes, () => keys.commit(commit));
    },
    close: () => keys.close(),
  };
}

export function tracedBlobs(blobs: BlobStore, tracer: Tracer): BlobStore {
  return {
    stat: (digest) => tracer.part('blob stat', about(digest), () => blobs.stat(digest)),
    read: (digest, range) => tracedRead(blobs, tracer, digest, range),
    write(digest, source, signal) {
      return tracer.part('blob write', about(digest), () => blobs.write(digest, source, signal));
    },
    delete: (digest) => tracer.part('blob delete', about(digest), () => blobs.delete(digest)),
    list: () => blobs.list(),
  };
}

async function* tracedRead(
  blobs: BlobStore,
  tracer: Tracer,
  digest: Sha256,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const span = tracer.open('blob read', about(digest));
  let error: unknown;
  try {
    for await (const piece of blobs.read(digest, range)) {
      span?.add('assay.blob.bytes', piece.length);
      yield piece;
    }
  } catch (thrown) {
    error = thrown;
    throw thrown;
  } finally {
    if (span !== undefined) tracer.close(span, error);
  }
}

function about(digest: Sha256): { 'assay.blob.digest': string } {
  return { 'assay.blob.digest': digest };
}
