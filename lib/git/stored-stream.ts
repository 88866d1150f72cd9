const LARGEST_BLOCK = 65_535;
const BLOCK_HEADER = 5;
const STREAM_HEADER = 2;
const CHECKSUM = 4;

/** Largest prime below 2^16, and how many bytes may be summed up before the sums leave 32 bits (RFC 1950). */
const BASE = 65_521;
const SUMMED_AT_ONCE = 5_552;

/** A zlib stream that holds the bytes as they are: what zlib makes at level 0, without asking it for so little. */
export function storedStream(bytes: Uint8Array): Buffer {
  const blocks = Math.max(1, Math.ceil(bytes.length / LARGEST_BLOCK));
  const stream = Buffer.allocUnsafe(STREAM_HEADER + blocks * BLOCK_HEADER + bytes.length + CHECKSUM);
  let at = stream.writeUInt16BE(0x7801);
  for (let block = 0; block < blocks; block += 1) {
    const piece = bytes.subarray(block * LARGEST_BLOCK, (block + 1) * LARGEST_BLOCK);
    at = stream.writeUInt8(block === blocks - 1 ? 1 : 0, at);
    at = stream.writeUInt16LE(piece.length, at);
    at = stream.writeUInt16LE(piece.length ^ 0xffff, at);
    stream.set(piece, at);
    at += piece.length;
  }
  stream.writeUInt32BE(adler32(bytes), at);
  return stream;
}

function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let start = 0; start < bytes.length; start += SUMMED_AT_ONCE) {
    const end = Math.min(start + SUMMED_AT_ONCE, bytes.length);
    for (let at = start; at < end; at += 1) {
      low += bytes[at]!;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return high * 0x10000 + low;
}
