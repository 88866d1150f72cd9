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

/** The whole source again. Who stops reading at its beginning closes the rest all the same. */
export async function* thenRest({ bytes, rest }: Head): AsyncGenerator<Uint8Array> {
  let restTaken = false;
  try {
    if (bytes.length > 0) yield bytes;
    restTaken = true;
    if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    if (!restTaken) await rest?.return?.();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
