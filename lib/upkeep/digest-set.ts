import type { Sha256 } from '../encoding/digest.ts';

/**
 * A set of very many SHA-256 digests in 8 bytes each. It may hold a digest to be in that is not, once in about 10^12
 * questions with ten million digests; a collector then keeps what it could have removed.
 */
export class DigestSet {
  #slots = new Uint32Array(2 * 1024);
  #size = 0;

  add(digest: Sha256): void {
    if (this.#size * 3 > this.#slots.length) this.#grow();
    if (insert(this.#slots, high(digest), low(digest))) this.#size += 1;
  }

  has(digest: Sha256): boolean {
    return this.#slots[find(this.#slots, high(digest), low(digest))] !== 0;
  }

  get size(): number {
    return this.#size;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#slots.length * 2);
    for (let at = 0; at < this.#slots.length; at += 2) {
      const first = this.#slots[at] ?? 0;
      if (first !== 0) insert(larger, first, this.#slots[at + 1] ?? 0);
    }
    this.#slots = larger;
  }
}

/** Where the pair is, or the free slot where it would be. Slots lie in pairs; a first half of 0 is free. */
function find(slots: Uint32Array, first: number, second: number): number {
  const mask = slots.length / 2 - 1;
  for (let slot = first & mask; ; slot = (slot + 1) & mask) {
    const at = slot * 2;
    const held = slots[at];
    if (held === 0 || (held === first && slots[at + 1] === second)) return at;
  }
}

function insert(slots: Uint32Array, first: number, second: number): boolean {
  const at = find(slots, first, second);
  if (slots[at] !== 0) return false;
  slots[at] = first;
  slots[at + 1] = second;
  return true;
}

function high(digest: Sha256): number {
  return Number.parseInt(digest.slice(7, 15), 16) || 1;
}

function low(digest: Sha256): number {
  return Number.parseInt(digest.slice(15, 23), 16);
}
