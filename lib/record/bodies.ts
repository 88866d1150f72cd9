import { canonicalJson, type JsonObject } from '../encoding/canonical-json.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import { locatedBy, type ContentRecord, type Located } from '../store/content-record.ts';
import { MAX_INLINE_BYTES, type ContentStore, type Kept } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { contentKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';

/** A record or a review as bytes, ready to be named by a commit. */
export interface NewBody {
  readonly digest: Sha256;
  readonly size: number;
  /** For each try of the commit; what is large is written once. */
  readonly keep: () => Promise<Kept>;
}

/** Records and reviews: canonical JSON, named by its digest. */
export class Bodies {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;

  constructor(keys: KeyedStore, content: ContentStore) {
    this.#keys = keys;
    this.#content = content;
  }

  of(document: object): NewBody {
    const bytes = canonicalJson(document as JsonObject);
    const digest = sha256(bytes);
    const size = bytes.length;
    const content = this.#content;
    if (size <= MAX_INLINE_BYTES) return { digest, size, keep: () => content.add(digest, bytes) };
    return {
      digest,
      size,
      keep: content.adder(digest, size, (to) => content.write(digest, once(bytes), size, undefined, to)),
    };
  }

  /** Where the bytes are. Rejects with code `missing` where something names a body that is not kept. */
  async locate(digest: Sha256): Promise<Located> {
    const value = await this.#keys.get(contentKey(digest));
    if (value === undefined) throw new StoreError('missing', `no bytes are stored for ${digest}`);
    return locatedBy(digest, decodeJson<ContentRecord>(value));
  }

  async read<T extends object>(digest: Sha256): Promise<T> {
    const bytes = await this.#content.readAll(await this.locate(digest));
    return JSON.parse(asBuffer(bytes).toString('utf8')) as T;
  }
}

export function digestOfDocument(document: object): Sha256 {
  return sha256(canonicalJson(document as JsonObject));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
