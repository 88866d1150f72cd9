import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { logEntryKey, logTileKey } from '../store/keys.ts';
import { LogError } from './log-error.ts';
import { TILE_WIDTH } from './tile.ts';
import { HASH_BYTES } from './tree-hash.ts';

/** A tile of hashes as wide as it was at some size; it never changes. */
export async function readTile(keys: KeyedStore, level: number, index: number, width: number): Promise<Buffer> {
  const value = await keys.get(logTileKey(level, index));
  if (value === undefined || value.length < width * HASH_BYTES) throw tileUnknown();
  return Buffer.from(value.subarray(0, width * HASH_BYTES));
}

/** The entries below a tile of level 0, each behind its length in two bytes (C2SP tlog-tiles, "Log Entries"). */
export async function readBundle(keys: KeyedStore, index: number, width: number): Promise<Buffer> {
  const first = index * TILE_WIDTH;
  const range = { start: logEntryKey(first), end: logEntryKey(first + width) };
  const pieces: Uint8Array[] = [];
  for await (const { value } of entriesOf(keys, range, TILE_WIDTH + 1)) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(value.length);
    pieces.push(length, value);
  }
  if (pieces.length !== width * 2) throw tileUnknown();
  return Buffer.concat(pieces);
}

/** The entries of a bundle. Throws where it holds anything but so many. */
export function entriesIn(bundle: Buffer, width: number): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bundle.length && entries.length < width) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (at === bundle.length && entries.length === width) return entries;
  throw new LogError('entry-invalid', `a bundle does not hold ${width} entries`);
}

function tileUnknown(): LogError {
  return new LogError('tile-unknown', 'the log has no such tile, or it is not that wide yet');
}
