import { createHash, randomFillSync } from 'node:crypto';
import type { Content } from './push.ts';

const pieceBytes = 1 << 20;

export function smallBlob(bytes: Uint8Array): Content {
  return { digest: digestOf([bytes]), size: bytes.length, pieces: () => [bytes] };
}

export function randomSmallBlob(size: number): Content {
  return smallBlob(randomFillSync(Buffer.allocUnsafe(size)));
}

/**
 * A distinct blob of `mebibytes` pieces: a new random one, then one random piece again and again, so that the client
 * holds 2 MiB. No window that a server would compress with spans a piece.
 */
export function largeBlob(mebibytes: number): Content {
  const first = randomFillSync(Buffer.allocUnsafe(pieceBytes));
  const other = randomFillSync(Buffer.allocUnsafe(pieceBytes));
  function* pieces(): Iterable<Uint8Array> {
    yield first;
    for (let count = 1; count < mebibytes; count++) yield other;
  }
  return { digest: digestOf(pieces()), size: mebibytes * pieceBytes, pieces };
}

function digestOf(pieces: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}
