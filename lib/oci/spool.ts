/** The beginning of a source, and what comes behind it; without `rest` the bytes are all. */
export interface Head {
  readonly bytes: Uint8Array;
  readonly rest?: AsyncIterator<Uint8Array>;
}

/** Takes from a source until it ends or has given more than `limit` bytes. */
export async function takeHead(source: AsyncIterable<Uint8Array>, limit: number): Promise<Head> {
  const rest = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return { bytes: joined(pieces) };
    pieces.push(value);
    size += value.length;
    if (size > limit) return { bytes: joined(pieces), rest };
  }
}

/** The whole source again. */
export async function* thenRest({ bytes, rest }: Head): AsyncGenerator<Uint8Array> {
  let ended = rest === undefined;
  try {
    if (bytes.length > 0) yield bytes;
    while (!ended && rest !== undefined) {
      const { done, value } = await rest.next();
      ended = done === true;
      if (!ended && value !== undefined) yield value as Uint8Array;
    }
  } finally {
    // Whoever stops reading early must not leave the source open.
    if (!ended) await rest?.return?.();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
