import { asBuffer } from '../encoding/as-buffer.ts';
import type { Check, Commit, Entry } from './keyed-store.ts';

/**
 * A commit while it is being put together from several parts. Of two checks of a key the first holds, since a part may
 * already have been decided by it; of two puts the later; and what is put is not deleted.
 */
export class Plan {
  readonly #checks = new Map<string, Check>();
  readonly #puts = new Map<string, Entry>();
  readonly #deletes = new Map<string, Uint8Array>();

  check(...checks: readonly Check[]): this {
    for (const check of checks) {
      const name = nameOf(check.key);
      if (!this.#checks.has(name)) this.#checks.set(name, check);
    }
    return this;
  }

  put(...puts: readonly Entry[]): this {
    for (const put of puts) {
      this.#deletes.delete(nameOf(put.key));
      this.#puts.set(nameOf(put.key), put);
    }
    return this;
  }

  delete(...keys: readonly Uint8Array[]): this {
    for (const key of keys) if (!this.#puts.has(nameOf(key))) this.#deletes.set(nameOf(key), key);
    return this;
  }

  hasPut(key: Uint8Array): boolean {
    return this.#puts.has(nameOf(key));
  }

  /** What the plan puts under a key. */
  valueOf(key: Uint8Array): Uint8Array | undefined {
    return this.#puts.get(nameOf(key))?.value;
  }

  /** Whether anything would change; a plan that only checks need not be committed by who has just read. */
  get changesNothing(): boolean {
    return this.#puts.size === 0 && this.#deletes.size === 0;
  }

  get isEmpty(): boolean {
    return this.changesNothing && this.#checks.size === 0;
  }

  get commit(): Commit {
    return {
      checks: [...this.#checks.values()],
      puts: [...this.#puts.values()],
      deletes: [...this.#deletes.values()],
    };
  }
}

function nameOf(key: Uint8Array): string {
  return asBuffer(key).toString('latin1');
}
