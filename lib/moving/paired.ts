import type { Entry } from '../store/keyed-store.ts';

/** What two sources have under one key. */
export interface Pair {
  readonly key: Uint8Array;
  readonly left: Entry | undefined;
  readonly right: Entry | undefined;
}

/** Two sources in the order of their keys, side by side. Keys are compared from their byte `from` on. */
export async function* paired(left: AsyncIterable<Entry>, right: AsyncIterable<Entry>, from = 0): AsyncGenerator<Pair> {
  const [a, b] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()];
  try {
    let [one, other] = [await nextOf(a), await nextOf(b)];
    while (one !== undefined || other !== undefined) {
      const order = compare(one, other, from);
      yield {
        key: (order <= 0 ? one?.key : other?.key) ?? EMPTY,
        left: order <= 0 ? one : undefined,
        right: order >= 0 ? other : undefined,
      };
      if (order <= 0) one = await nextOf(a);
      if (order >= 0) other = await nextOf(b);
    }
  } finally {
    await Promise.all([a.return?.(), b.return?.()]);
  }
}

const EMPTY = Buffer.alloc(0);

/** What is at its end stands behind everything. */
function compare(one: Entry | undefined, other: Entry | undefined, from: number): number {
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  return Buffer.compare(one.key.subarray(from), other.key.subarray(from));
}

async function nextOf(entries: AsyncIterator<Entry>): Promise<Entry | undefined> {
  const { value, done } = await entries.next();
  return done === true ? undefined : value;
}
