import type { Commit, Entry, Range } from '../../lib/store/keyed-store.ts';

/** The KeyedStore as its comments say it, without any thought of speed: the oracle of the engines. */
export class NaiveKeyedStore {
  readonly #values = new Map<string, Buffer>();

  get(key: Uint8Array): Buffer | undefined {
    return this.#values.get(nameOf(key));
  }

  list({ start, end, limit, reverse = false }: Range): Entry[] {
    const found = [...this.#values]
      .map(([name, value]) => ({ key: Buffer.from(name, 'hex'), value }))
      .filter(({ key }) => Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0)
      .sort((a, b) => Buffer.compare(a.key, b.key));
    return (reverse ? found.toReversed() : found).slice(0, limit);
  }

  commit({ checks = [], puts = [], deletes = [] }: Commit): boolean {
    const hold = checks.every(({ key, value }) => {
      const found = this.get(key);
      return found === undefined || value === undefined ? found === value : Buffer.compare(found, value) === 0;
    });
    if (!hold) return false;
    for (const { key, value } of puts) this.#values.set(nameOf(key), Buffer.from(value));
    for (const key of deletes) this.#values.delete(nameOf(key));
    return true;
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
