import type { Sha256 } from '../../encoding/digest.ts';
import { locatedBy, type Located } from '../../store/content-record.ts';
import { asBuffer } from '../bytes.ts';
import type { ObjectStat } from '../object-source.ts';
import { OBJECT_TYPES, type ObjectType } from '../object-type.ts';

/** A Git object of a family: the value under its key. */
export interface ObjectRecord extends ObjectStat {
  readonly located: Located;
}

/** What has a Git object id, in whichever family: the value under the id's key. */
export interface KnownOid {
  readonly type: ObjectType;
  readonly content: Sha256;
}

const IN_FILE = 1;
const ZLIB = 2;
const SIZE_AT = 2;
const CONTENT_AT = 8;
const RECORD_BYTES = 40;

/**
 * A byte for the type, a byte for place and encoding, six for the size, 32 of the content. There are as many of these
 * as files in all versions of all families, and a clone reads all of a family's: they are not worth JSON.
 */
export function encodeObject({ type, size, located }: ObjectRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_BYTES);
  bytes[0] = OBJECT_TYPES.indexOf(type);
  bytes[1] = (located.place === 'blob' ? IN_FILE : 0) | (located.encoding === 'zlib' ? ZLIB : 0);
  bytes.writeUIntBE(size, SIZE_AT, 6);
  bytes.write(located.content.slice(7), CONTENT_AT, 'hex');
  return bytes;
}

export function decodeObject(value: Uint8Array): ObjectRecord {
  const bytes = asBuffer(value);
  const flags = bytes[1]!;
  const size = bytes.readUIntBE(SIZE_AT, 6);
  const content: Sha256 = `sha256:${bytes.toString('hex', CONTENT_AT)}`;
  const place = (flags & IN_FILE) === 0 ? 'inline' : 'blob';
  const encoding = (flags & ZLIB) === 0 ? {} : { encoding: 'zlib' as const };
  return { type: typeIn(bytes), size, located: locatedBy(content, { size, place, ...encoding }) };
}

/** What of a record most questions are about: naming the content in hex takes longer than all the rest. */
export function decodeStat(value: Uint8Array): ObjectStat {
  const bytes = asBuffer(value);
  return { type: typeIn(bytes), size: bytes.readUIntBE(SIZE_AT, 6) };
}

export function encodeKnown({ type, content }: KnownOid): Buffer {
  return Buffer.concat([Buffer.of(OBJECT_TYPES.indexOf(type)), Buffer.from(content.slice(7), 'hex')]);
}

export function decodeKnown(value: Uint8Array): KnownOid {
  const bytes = asBuffer(value);
  return { type: typeIn(bytes), content: `sha256:${bytes.toString('hex', 1)}` };
}

function typeIn(bytes: Buffer): ObjectType {
  const type = OBJECT_TYPES[bytes[0]!];
  if (type === undefined) throw new Error('a record of a Git object whose type is none');
  return type;
}
