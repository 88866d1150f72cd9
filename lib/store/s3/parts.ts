import type { ByteBudget } from './byte-budget.ts';

/** What is sent in one go: the bytes of a source from `start` on. */
export interface Part {
  readonly number: number;
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Parts that one caller may have under way; a further one waits in memory until there is room. */
const MOST_UNDER_WAY = 4;

/**
 * Cuts a source into parts of `size` bytes, of which the first may be smaller, and the last is what remains. Where the
 * source fails, what had come of the last part is given before the failure.
 */
export async function* inParts(
  source: AsyncIterable<Uint8Array>,
  size: number,
  first: number = size,
): AsyncGenerator<Part> {
  let [number, start, waiting] = [1, 0, 0];
  let pieces: Uint8Array[] = [];
  function part(): Part {
    const made = { number, start, bytes: Buffer.concat(pieces, waiting) };
    [number, start, waiting, pieces] = [number + 1, start + waiting, 0, []];
    return made;
  }
  try {
    for await (let bytes of source) {
      for (;;) {
        const room = (number === 1 ? first : size) - waiting;
        if (bytes.length < room) break;
        pieces.push(bytes.subarray(0, room));
        waiting += room;
        bytes = bytes.subarray(room);
        yield part();
      }
      if (bytes.length > 0) pieces.push(bytes);
      waiting += bytes.length;
    }
  } catch (error) {
    if (waiting > 0) yield part();
    throw error;
  }
  if (waiting > 0) yield part();
}

/**
 * Sends parts, several at a time as far as memory allows, and one at a time always. When it resolves or rejects, nothing
 * is under way any more. The first failure, of the source or of a part, ends it.
 */
export async function sendParts(
  parts: AsyncIterable<Part>,
  send: (part: Part) => Promise<void>,
  budget: ByteBudget,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  function begin(part: Part, lent: number): void {
    const sending = send(part)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        underWay.delete(sending);
        budget.give(lent);
      });
    underWay.add(sending);
  }
  try {
    for await (const part of parts) {
      let lent = 0;
      while (underWay.size > 0 && lent === 0) {
        if (underWay.size < MOST_UNDER_WAY && budget.take(part.bytes.length)) lent = part.bytes.length;
        else await Promise.race(underWay);
      }
      if (failure !== undefined) break;
      begin(part, lent);
    }
  } finally {
    await Promise.all(underWay);
  }
  if (failure !== undefined) throw failure.error;
}
