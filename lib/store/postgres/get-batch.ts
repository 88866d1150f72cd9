import { byteaArray } from './bytea-array.ts';
import type { Connections, Statement } from './connections.ts';

const MAX_KEYS = 128;

const GET: Statement = {
  name: 'assay-get',
  text: `SELECT a.at::integer AS at, e.value FROM unnest($1::bytea[]) WITH ORDINALITY AS a(key, at)
    JOIN assay.entry AS e ON e.key = a.key`,
};

/** Keys whose values are read in one round trip, at one moment. */
export class GetBatch {
  readonly #keys: Uint8Array[] = [];

  add(key: Uint8Array): boolean {
    if (this.#keys.length === MAX_KEYS) return false;
    this.#keys.push(key);
    return true;
  }

  async read(connections: Connections): Promise<(Uint8Array | undefined)[]> {
    const values: (Uint8Array | undefined)[] = this.#keys.map(() => undefined);
    const rows = await connections.askPatiently<{ at: number; value: Buffer }>(GET, [byteaArray(this.#keys)]);
    for (const { at, value } of rows) values[at - 1] = value;
    return values;
  }
}
