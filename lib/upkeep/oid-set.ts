import { randomInt } from 'node:crypto';
import { asBuffer } from '../encoding/as-buffer.ts';
import type { Oid } from '../git/oid.ts';

const WORDS = 5;
const FIRST_SLOTS = 1024;

/**
 * A set of very many Git object ids, in 30 to 60 bytes each. It compares whole ids: of two that a set took for one, a
 * collector would keep the one, and remove what the other stands for.
 */
export class OidSet {
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #used = new Uint8Array(FIRST_SLOTS);
  #size = 0;
  readonly #factor = randomInt(2 ** 31) * 2 + 1;
  readonly #asked = new Uint32Array(WORDS);
  readonly #bytes = asBuffer(new Uint8Array(this.#asked.buffer));

  get size(): number {
    return this.#size;
  }

  /** How many slots there are; they stay where they are until something is added. */
  get slots(): number {
    return this.#used.length;
  }

  /** False where it was there before. */
  add(oid: Oid): boolean {
    this.#bytes.write(oid, 'hex');
    return this.#add();
  }

  has(oid: Oid): boolean {
    return this.slotOf(oid) !== -1;
  }

  /** -1 where it is not there. */
  slotOf(oid: Oid): number {
    this.#bytes.write(oid, 'hex');
    const slot = this.#find();
    return this.#used[slot] === 1 ? slot : -1;
  }

  /** In no order; nothing may be added meanwhile. */
  *[Symbol.iterator](): Generator<Oid> {
    const bytes = asBuffer(new Uint8Array(this.#words.buffer));
    for (let slot = 0; slot < this.#used.length; slot += 1) {
      if (this.#used[slot] === 1) yield bytes.toString('hex', slot * WORDS * 4, (slot + 1) * WORDS * 4);
    }
  }

  #add(): boolean {
    if ((this.#size + 1) * 3 > this.#used.length * 2) this.#grow();
    const slot = this.#find();
    if (this.#used[slot] === 1) return false;
    this.#words.set(this.#asked, slot * WORDS);
    this.#used[slot] = 1;
    this.#size += 1;
    return true;
  }

  /** Where the id that is asked for is, or the free slot where it would be. */
  #find(): number {
    const mask = this.#used.length - 1;
    const [a, b, c, d, e] = this.#asked;
    for (let slot = this.#firstSlot() & mask; ; slot = (slot + 1) & mask) {
      if (this.#used[slot] === 0) return slot;
      const at = slot * WORDS;
      const words = this.#words;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d && words[at + 4] === e)
        return slot;
    }
  }

  /** Who chooses what is pushed must not choose where it meets. */
  #firstSlot(): number {
    let mixed = 0;
    for (let word = 0; word < WORDS; word += 1) {
      mixed = Math.imul(mixed ^ (this.#asked[word] ?? 0), this.#factor);
      mixed ^= mixed >>> 15;
    }
    return mixed;
  }

  #grow(): void {
    const [words, used] = [this.#words, this.#used];
    const asked = Uint32Array.from(this.#asked);
    this.#words = new Uint32Array(words.length * 2);
    this.#used = new Uint8Array(used.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < used.length; slot += 1) {
      if (used[slot] === 0) continue;
      this.#asked.set(words.subarray(slot * WORDS, (slot + 1) * WORDS));
      this.#add();
    }
    this.#asked.set(asked);
  }
}
