import type { BlobStore } from '../store/blob-store.ts';
import type { Located } from '../store/content-record.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allContent, allInline, movedKeys, type KeyRange } from '../store/key-ranges.ts';
import type { Listed } from '../store/moments.ts';

/** Where a store is moved from: a store, or a backup of one. Entries come in the order of their keys. */
export interface Origin {
  /** All that is moved but small content. */
  names(): AsyncIterable<Entry>;
  /** The content records, which are among the names. */
  records(): AsyncIterable<Entry>;
  /** Small content as it is stored, under its keys. */
  small(): AsyncIterable<Entry>;
  /** Larger content as it is stored. Rejects with code `missing` where there is none. */
  readBlob(located: Located): AsyncIterable<Uint8Array>;
}

/** Small content is up to 64 KiB each, so that its pages have fewer entries. */
const SMALL_PAGE = 100;

/** A store, or one moment of it. */
export function storeOrigin(listed: Listed, blobs: Pick<BlobStore, 'read'>): Origin {
  return {
    names: () => namesIn(listed),
    records: () => entriesOf(listed, allContent),
    small: () => smallIn(listed),
    readBlob: ({ content }) => blobs.read(content),
  };
}

export function namesIn(listed: Listed): AsyncGenerator<Entry> {
  return inRanges(listed, movedKeys);
}

export function smallIn(listed: Listed): AsyncGenerator<Entry> {
  return entriesOf(listed, allInline, SMALL_PAGE);
}

async function* inRanges(listed: Listed, ranges: readonly KeyRange[]): AsyncGenerator<Entry> {
  for (const range of ranges) yield* entriesOf(listed, range);
}
