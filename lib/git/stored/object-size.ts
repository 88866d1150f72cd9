import { decodeStat } from './object-record.ts';

/** How large a stored Git object is, from its record: for who counts them without knowing what they are. */
export function objectSize(record: Uint8Array): number {
  return decodeStat(record).size;
}
