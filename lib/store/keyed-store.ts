/** Keys and values are bytes; keys are ordered as unsigned bytes, a prefix before what it begins. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** From `start` (included) to `end` (not included), in key order or, with `reverse`, against it; at most `limit` entries. */
export interface Range {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly limit: number;
  readonly reverse?: boolean;
}

/** Holds while the key has exactly this value, or with `undefined` while it has none. */
export interface Check {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** What is to be true before, and what is to change. A key stands at most once among puts and deletes together. */
export interface Commit {
  readonly checks?: readonly Check[];
  readonly puts?: readonly Entry[];
  readonly deletes?: readonly Uint8Array[];
}

/**
 * All state of every domain. Keys come from `keys.ts` alone and are at most 1,978 bytes; a value is at most 64 KiB
 * and a little (larger content belongs into a BlobStore).
 */
export interface KeyedStore {
  /** The value as of some moment between call and answer; sees every commit that had resolved before the call. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;

  /** One page, read at one moment. Fewer than `limit` entries mean that the range ends here. Holds nothing open. */
  list(range: Range): Promise<Entry[]>;

  /**
   * All or nothing. `true`: every check held at one moment, every put and delete was made at that moment, and a power
   * cut can no longer undo it. `false`: a check did not hold and nothing changed. A rejection with code `full` changed
   * nothing; one with another code may have changed all or nothing. Concurrent commits may share one write to disk.
   */
  commit(commit: Commit): Promise<boolean>;

  /** Waits for commits under way. Every later call rejects with code `closed`. */
  close(): Promise<void>;
}

/** Every entry of a range, a page at a time: what is written while it runs may be seen or not. */
export async function* entriesOf(
  store: Pick<KeyedStore, 'list'>,
  range: { readonly start: Uint8Array; readonly end: Uint8Array },
  pageSize = 500,
): AsyncGenerator<Entry> {
  let start = range.start;
  for (;;) {
    const page = await store.list({ start, end: range.end, limit: pageSize });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    start = Buffer.concat([last.key, ZERO]);
  }
}

/** How many entries a range has, for who shows how far along a walk through it is. */
export async function countEntries(
  store: Pick<KeyedStore, 'list'>,
  range: { readonly start: Uint8Array; readonly end: Uint8Array },
  breathe: () => Promise<void> | undefined,
): Promise<number> {
  let count = 0;
  for await (const _entry of entriesOf(store, range)) {
    await breathe();
    count += 1;
  }
  return count;
}

const ZERO = Buffer.alloc(1);
