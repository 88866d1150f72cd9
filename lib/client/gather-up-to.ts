import { ClientError } from './client-error.ts';

/** All the bytes, in one piece. More than the limit is refused before it fills the memory. */
export async function gatherUpTo(limit: number, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > limit) throw new ClientError('bad-answer', `the server sent more than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
