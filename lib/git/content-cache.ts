import type { Oid } from './oid.ts';

/** Contents used of late. They age in two generations, of which the older is dropped as a whole: nothing is looked for. */
export class ContentCache {
  readonly #generation: number;
  #young = new Map<Oid, Buffer>();
  #old: ReadonlyMap<Oid, Buffer> = new Map();
  #bytes = 0;

  /** Holds at most so many bytes. */
  constructor(capacity: number) {
    this.#generation = capacity / 2;
  }

  get(oid: Oid): Buffer | undefined {
    const content = this.#young.get(oid);
    if (content !== undefined) return content;
    const aged = this.#old.get(oid);
    if (aged !== undefined) this.set(oid, aged);
    return aged;
  }

  set(oid: Oid, content: Buffer): void {
    if (content.length > this.#generation / 2 || this.#young.has(oid)) return;
    if (this.#bytes + content.length > this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(oid, content);
    this.#bytes += content.length;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#bytes = 0;
  }
}
