import { createHash } from 'node:crypto';
import type { Sha256 } from '../encoding/digest.ts';

/** An object of a snapshot, as documents name it. */
export interface Ref {
  readonly digest: Sha256;
  readonly size: number;
}

/** Objects of snapshots that are there. Whoever reads checks the bytes against the digest. */
export interface ObjectSource {
  /** Undefined only where it is truly absent. */
  read(digest: Sha256): Promise<Uint8Array | undefined>;

  /** The same in pieces, for media of any size. */
  open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** Where a render puts its objects. */
export interface ObjectSink {
  /**
   * When this resolves, the object is there; what is there already may stay. A source of pieces that fails leaves nothing.
   * Pieces are of the digest when they end without failing.
   */
  write(ref: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
}

/** Whether an object is there, with the bytes of its digest. */
export async function stateOf(source: ObjectSource, { digest, size }: Ref): Promise<'whole' | 'wrong' | 'absent'> {
  const pieces = await source.open(digest);
  if (pieces === undefined) return 'absent';
  const hash = createHash('sha256');
  let total = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    total += piece.length;
  }
  return total === size && `sha256:${hash.digest('hex')}` === digest ? 'whole' : 'wrong';
}
