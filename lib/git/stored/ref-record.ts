import { asBuffer } from '../bytes.ts';
import type { Oid } from '../oid.ts';

/** The value under a ref's key: what it points at and, of an annotated tag, what that ends at. */
export interface RefRecord {
  readonly oid: Oid;
  readonly peeled: Oid | null;
}

export function encodeRef({ oid, peeled }: RefRecord): Buffer {
  return Buffer.from(oid + (peeled ?? ''), 'hex');
}

export function decodeRef(value: Uint8Array): RefRecord {
  const hex = asBuffer(value).toString('hex');
  return { oid: hex.slice(0, 40), peeled: hex.length > 40 ? hex.slice(40) : null };
}
