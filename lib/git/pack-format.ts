import { GitError } from './error.ts';
import type { ObjectType } from './object-type.ts';

/** gitformat-pack(5). */
export const PACK_SIGNATURE = 0x5041434b;
export const PACK_HEADER_BYTES = 12;
export const PACK_TRAILER_BYTES = 20;

export const OFS_DELTA = 6;
export const REF_DELTA = 7;

const TYPE_OF_CODE: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const CODE_OF_TYPE: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** Longest entry header that we read: type and size in up to eight bytes, an offset in up to eight, or an oid. */
export const MAX_ENTRY_HEADER = 32;

export interface EntryHeader {
  readonly kind: ObjectType | typeof OFS_DELTA | typeof REF_DELTA;
  readonly size: number;
  readonly length: number;
  /** Of an OFS delta: how far before the entry its base stands. */
  readonly back: number;
  /** Of a REF delta. */
  readonly base: string;
}

export function packHeader(count: number): Buffer {
  const header = Buffer.alloc(PACK_HEADER_BYTES);
  header.writeUInt32BE(PACK_SIGNATURE, 0);
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

/** How many objects a pack announces. */
export function parsePackHeader(bytes: Buffer): number {
  if (bytes.readUInt32BE(0) !== PACK_SIGNATURE) throw new GitError('bad-pack', 'this is no pack');
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new GitError('bad-pack', `a pack of version ${version}`);
  return bytes.readUInt32BE(8);
}

/** Writes "n-byte type and length" and tells how many bytes it took. */
export function writeEntryHeader(target: Buffer, at: number, type: ObjectType, size: number): number {
  let rest = Math.floor(size / 16);
  let byte = (CODE_OF_TYPE[type] << 4) | (size % 16);
  let length = 0;
  while (rest > 0) {
    target[at + length] = byte | 0x80;
    length += 1;
    byte = rest % 128;
    rest = Math.floor(rest / 128);
  }
  target[at + length] = byte;
  return length + 1;
}

/** Reads an entry's header off a view that holds MAX_ENTRY_HEADER bytes or all that is left. */
export function parseEntryHeader(view: Buffer): EntryHeader {
  let at = 0;
  const next = (): number => {
    const byte = view[at];
    if (at === MAX_ENTRY_HEADER) throw new GitError('bad-pack', 'an entry whose header does not end');
    if (byte === undefined) throw new GitError('truncated', 'the pack ends inside an entry');
    at += 1;
    return byte;
  };
  let byte = next();
  const code = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte >= 0x80; scale *= 128) {
    byte = next();
    size += (byte & 0x7f) * scale;
  }
  let back = 0;
  let base = '';
  if (code === OFS_DELTA) back = readOffset(next);
  if (code === REF_DELTA) {
    if (view.length < at + 20) throw new GitError('truncated', 'the pack ends inside an entry');
    base = view.toString('hex', at, at + 20);
    at += 20;
  }
  const kind = TYPE_OF_CODE[code] ?? deltaKind(code);
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(back))
    throw new GitError('bad-pack', 'a number out of range');
  return { kind, size, length: at, back, base };
}

/** "Offset encoding": most significant bits first, with one added for each further byte. */
function readOffset(next: () => number): number {
  let byte = next();
  let offset = byte & 0x7f;
  while (byte >= 0x80) {
    byte = next();
    offset = (offset + 1) * 128 + (byte & 0x7f);
  }
  return offset;
}

function deltaKind(code: number): typeof OFS_DELTA | typeof REF_DELTA {
  if (code === OFS_DELTA || code === REF_DELTA) return code;
  throw new GitError('bad-pack', `an entry of unknown type ${code}`);
}
