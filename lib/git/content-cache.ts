import type { Oid } from './oid.ts';

/** Contents used of late, the oldest dropped first. */
export class ContentCache {
  readonly #capacity: number;
  readonly #contents = new Map<Oid, Buffer>();
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(oid: Oid): Buffer | undefined {
    const content = this.#contents.get(oid);
    if (content !== undefined) {
      this.#contents.delete(oid);
      this.#contents.set(oid, content);
    }
    return content;
  }

  set(oid: Oid, content: Buffer): void {
    if (content.length > this.#capacity / 4 || this.#contents.has(oid)) return;
    this.#contents.set(oid, content);
    this.#bytes += content.length;
    for (const [oldest, dropped] of this.#contents) {
      if (this.#bytes <= this.#capacity) return;
      this.#contents.delete(oldest);
      this.#bytes -= dropped.length;
    }
  }

  clear(): void {
    this.#contents.clear();
    this.#bytes = 0;
  }
}
