import { createHash } from 'node:crypto';
import { algorithmOf, digestOf } from '../../encoding/digest.ts';
import { gather } from '../../encoding/gather.ts';
import { ImageError } from './image-error.ts';
import type { Described } from './image-source.ts';

/**
 * The same bytes, if they are those that were described. The last piece is held back until the digest is known: of wrong
 * content the whole never leaves.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: Described,
  label: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithmOf(digest));
  let seen = 0;
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    seen += piece.length;
    if (seen > size) throw mismatch(digest, label, `it has more than the ${size} bytes that are described`);
    hash.update(piece);
    if (held !== undefined) yield held;
    held = piece;
  }
  if (seen !== size) throw mismatch(digest, label, `it has ${seen} bytes and not the ${size} that are described`);
  const found = digestOf(algorithmOf(digest), hash);
  if (found !== digest) throw mismatch(digest, label, `its bytes have the digest ${found}`);
  if (held !== undefined) yield held;
}

/** All of it at once, where it is small. */
export async function verifiedBytes(
  source: AsyncIterable<Uint8Array>,
  described: Described,
  label: string,
): Promise<Buffer> {
  return (await gather(verified(source, described, label), described.size)) ?? Buffer.alloc(0);
}

export function mismatch(digest: string, label: string, what: string): ImageError {
  return new ImageError('content-mismatch', `${digest} in ${label} is damaged: ${what}`);
}
