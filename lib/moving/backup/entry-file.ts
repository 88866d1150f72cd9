import { asBuffer } from '../../encoding/as-buffer.ts';
import type { Entry } from '../../store/keyed-store.ts';
import { MoveError } from '../move-error.ts';

/** Before each entry: how long its key is, in two bytes, and its value, in four; the highest byte first. */
const HEAD_BYTES = 6;
const PIECE_BYTES = 256 * 1024;
/** No value is near this: a head that says more is none. */
const MAX_VALUE = 16 * 1024 * 1024;

/** Entries one after the other, as bytes. */
export async function* encodeEntries(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const { key, value } of entries) {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt16BE(key.length, 0);
    head.writeUInt32BE(value.length, 2);
    waiting.push(head, key, value);
    bytes += HEAD_BYTES + key.length + value.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(waiting);
    [waiting, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** The entries again. Rejects with code `bad-backup` where the bytes are cut off, or no entries. */
export async function* decodeEntries(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? asBuffer(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    for (;;) {
      const found = entryAt(rest, at);
      if (found === undefined) break;
      yield found.entry;
      at = found.end;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new MoveError('bad-backup', 'a file of entries is cut off');
}

/** Undefined where more bytes are needed. */
function entryAt(bytes: Buffer, at: number): { readonly entry: Entry; readonly end: number } | undefined {
  if (bytes.length < at + HEAD_BYTES) return undefined;
  const keyEnd = at + HEAD_BYTES + bytes.readUInt16BE(at);
  const valueBytes = bytes.readUInt32BE(at + 2);
  if (valueBytes > MAX_VALUE) throw new MoveError('bad-backup', 'a file of entries holds something else');
  const end = keyEnd + valueBytes;
  if (bytes.length < end) return undefined;
  return { entry: { key: bytes.subarray(at + HEAD_BYTES, keyEnd), value: bytes.subarray(keyEnd, end) }, end };
}
