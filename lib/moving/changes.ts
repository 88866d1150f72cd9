import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { takenOver, type HeldNote } from './note.ts';

const MAX_KEYS = 200;
const MAX_BYTES = 512 * 1024;
const AT_ONCE = 4;

/** Changes of a store that is being moved into, many in one commit and several commits at once, as long as the note is held. */
export class Changes {
  readonly #keys: KeyedStore;
  readonly #held: HeldNote | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #puts: Entry[] = [];
  #deletes: Uint8Array[] = [];
  #bytes = 0;
  #failed: { readonly error: unknown } | undefined;
  /** How many there were. */
  count = 0;

  constructor(keys: KeyedStore, held: HeldNote | undefined) {
    this.#keys = keys;
    this.#held = held;
  }

  async put(entry: Entry): Promise<void> {
    this.#puts.push(entry);
    await this.#note(entry.key.length + entry.value.length);
  }

  async delete(key: Uint8Array): Promise<void> {
    this.#deletes.push(key);
    await this.#note(key.length);
  }

  /** Resolves when all of them are durable. */
  async end(): Promise<void> {
    this.#send();
    await Promise.all(this.#underWay);
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  async #note(bytes: number): Promise<void> {
    this.count += 1;
    this.#bytes += bytes;
    if (this.#puts.length + this.#deletes.length >= MAX_KEYS || this.#bytes >= MAX_BYTES) this.#send();
    while (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay);
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  #send(): void {
    if (this.#puts.length + this.#deletes.length === 0) return;
    const checks = this.#held === undefined ? [] : [this.#held];
    const commit = { checks, puts: this.#puts, deletes: this.#deletes };
    [this.#puts, this.#deletes, this.#bytes] = [[], [], 0];
    const made = this.#keys
      .commit(commit)
      .then(
        (isMade) => {
          if (!isMade) this.#failed ??= { error: takenOver() };
        },
        (error: unknown) => {
          this.#failed ??= { error };
        },
      )
      .finally(() => this.#underWay.delete(made));
    this.#underWay.add(made);
  }
}
