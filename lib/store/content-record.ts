import type { Sha256 } from '../encoding/digest.ts';

/** Content may be stored as the zlib stream of its bytes; digest and size are those of the bare bytes all the same. */
export type Encoding = 'zlib' | undefined;

/** Where content is, how large and in which encoding: what everything that names content carries, so that a read need not ask. */
export interface Located {
  readonly content: Sha256;
  readonly size: number;
  readonly place: 'inline' | 'blob';
  readonly encoding?: 'zlib';
}

/**
 * What is known of content. Without a state it is there and wanted.
 * - `arriving`: its blob is being written; whoever finds it so writes it as well, in the encoding that is noted
 * - `condemned`: nothing named it when the collector looked; whoever needs it takes the mark off again
 * - `deleting`: its bytes may be gone at any moment; whoever needs it waits until the record is gone
 */
export interface ContentRecord {
  readonly size: number;
  readonly place: 'inline' | 'blob';
  readonly encoding?: 'zlib';
  /** Git object ids of these bytes; their keys come and go with this record. */
  readonly oids?: readonly string[];
  readonly state?: 'arriving' | 'condemned' | 'deleting';
  readonly since?: number;
}

export function locatedBy(content: Sha256, { size, place, encoding }: ContentRecord): Located {
  return encoding === undefined ? { content, size, place } : { content, size, place, encoding };
}

/** The record with a mark in place of any other. */
export function marked(record: ContentRecord, state: 'condemned' | 'deleting', since: number): ContentRecord {
  return { ...unmarked(record), state, since };
}

/** The record without any mark, and with one more Git object id if one is given. */
export function unmarked({ size, place, encoding, oids }: ContentRecord, oid?: string): ContentRecord {
  const all = [...new Set([...(oids ?? []), ...(oid === undefined ? [] : [oid])])].sort();
  return {
    size,
    place,
    ...(encoding === undefined ? {} : { encoding }),
    ...(all.length === 0 ? {} : { oids: all }),
  };
}
