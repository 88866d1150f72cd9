import { asBuffer } from './bytes.ts';
import { GitError } from './error.ts';

/** gitprotocol-common(5), "pkt-line Format"; the special packets are those of gitprotocol-v2(5). */
export const FLUSH: Buffer = Buffer.from('0000', 'latin1');
export const DELIMITER: Buffer = Buffer.from('0001', 'latin1');
export const RESPONSE_END: Buffer = Buffer.from('0002', 'latin1');

/** "The maximum length of a pkt-line's data component is 65516 bytes." */
export const MAX_PAYLOAD = 65516;
export const LENGTH_BYTES = 4;

export type Packet =
  { readonly kind: 'data'; readonly payload: Buffer } | { readonly kind: 'flush' | 'delimiter' | 'response-end' };

/** A packet around text, to which the newline that the protocol asks for is added. */
export function textPacket(text: string): Buffer {
  return dataPacket(Buffer.from(`${text}\n`, 'utf8'));
}

export function dataPacket(payload: Uint8Array): Buffer {
  if (payload.length > MAX_PAYLOAD) throw new GitError('bad-request', `a packet of ${payload.length} bytes`);
  const packet = Buffer.allocUnsafe(LENGTH_BYTES + payload.length);
  writeLength(packet, 0, packet.length);
  packet.set(payload, LENGTH_BYTES);
  return packet;
}

/** Writes a packet's length, which counts itself, as four hex digits. */
export function writeLength(target: Buffer, at: number, length: number): void {
  target.write(length.toString(16).padStart(LENGTH_BYTES, '0'), at, 'latin1');
}

/** The length that a packet's first four bytes say; -1 when they say none. */
export function readLength(bytes: Uint8Array): number {
  const digits = asBuffer(bytes).toString('latin1', 0, LENGTH_BYTES);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** A packet's text without the newline that may end it. */
export function textOf(payload: Uint8Array): string {
  const bytes = asBuffer(payload);
  return bytes.toString('utf8', 0, bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length);
}
