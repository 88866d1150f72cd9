import { LENGTH_BYTES, MAX_PAYLOAD, writeLength } from './pkt-line.ts';

/** gitprotocol-capabilities(5), "side-band, side-band-64k". */
export const BAND_DATA = 1;
export const BAND_PROGRESS = 2;
export const BAND_FATAL = 3;
export type Band = typeof BAND_DATA | typeof BAND_PROGRESS | typeof BAND_FATAL;

const HEADER = LENGTH_BYTES + 1;
/** What one full packet carries of `side-band-64k`; data cut at multiples of it wastes no packet. */
export const BAND_PAYLOAD: number = MAX_PAYLOAD - 1;
/** The same of the older `side-band`: packets of up to 1000 bytes. */
export const SMALL_BAND_PAYLOAD: number = 1000 - HEADER;

/** The packets that carry these bytes, in one piece of memory. */
export function bandPackets(band: Band, data: Uint8Array, payload: number = BAND_PAYLOAD): Buffer {
  const packets = Math.ceil(data.length / payload);
  const target = Buffer.allocUnsafe(data.length + packets * HEADER);
  let at = 0;
  for (let start = 0; start < data.length; start += payload) {
    const piece = data.subarray(start, start + payload);
    writeLength(target, at, piece.length + HEADER);
    target[at + LENGTH_BYTES] = band;
    target.set(piece, at + HEADER);
    at += HEADER + piece.length;
  }
  return target;
}

export function bandText(band: Band, text: string): Buffer {
  return bandPackets(band, Buffer.from(text, 'utf8'));
}
