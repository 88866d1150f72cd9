import { asBuffer } from '../../encoding/as-buffer.ts';

const BYTEA = 17;

/**
 * The wire form of a `bytea[]` of one dimension (PostgreSQL's array_recv): sent like this, bytes travel as they are; as
 * text they would be twice as long.
 */
export function byteaArray(items: readonly (Uint8Array | undefined)[]): Buffer {
  const header = Buffer.alloc(20);
  header.writeInt32BE(1, 0);
  header.writeInt32BE(1, 4);
  header.writeInt32BE(BYTEA, 8);
  header.writeInt32BE(items.length, 12);
  header.writeInt32BE(1, 16);
  if (items.length === 0) return Buffer.concat([Buffer.alloc(8), header.subarray(8, 12)]);
  const pieces: Uint8Array[] = [header];
  for (const item of items) {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(item === undefined ? -1 : item.length);
    pieces.push(length);
    if (item !== undefined) pieces.push(asBuffer(item));
  }
  return Buffer.concat(pieces);
}

/** The text form of an `integer[]`. */
export function integerArray(items: readonly number[]): string {
  return `{${items.join(',')}}`;
}
