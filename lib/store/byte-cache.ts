/** About what the name, its places in two tables and the objects around the bytes take. */
const ENTRY_BYTES = 200;

/**
 * Bytes of content that was read lately, for as long as they fit. Content never changes under its digest, so what is
 * here is right whatever happens to the store; whether somebody may have it is asked elsewhere.
 *
 * Two generations: what is found in the older moves to the younger, and when that is half of the room, the older is
 * dropped at once. So a hit costs one look-up, with no list to keep in order.
 */
export class ByteCache {
  readonly #halfBytes: number;
  #young = new Map<string, Uint8Array>();
  #old = new Map<string, Uint8Array>();
  #youngBytes = 0;

  constructor(maxBytes: number) {
    this.#halfBytes = maxBytes / 2;
  }

  get(name: string): Uint8Array | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.#add(name, old);
    return old;
  }

  /** Keeps a copy: bytes that were read are often a view into more memory than they have, which they would hold. */
  set(name: string, bytes: Uint8Array): void {
    if (this.#young.has(name)) return;
    const own = Buffer.allocUnsafeSlow(bytes.length);
    own.set(bytes);
    this.#add(name, own);
  }

  #add(name: string, own: Uint8Array): void {
    this.#young.set(name, own);
    this.#youngBytes += own.length + ENTRY_BYTES;
    if (this.#youngBytes < this.#halfBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}
