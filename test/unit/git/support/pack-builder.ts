import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { packHeader } from '../../../../lib/git/pack-format.ts';

/** One entry of a pack that a test makes by hand, as wrong as it likes. */
export interface RawEntry {
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 delta by offset, 7 delta by id. */
  readonly code: number;
  readonly content: Uint8Array;
  /** What the header says, if it is not the truth. */
  readonly size?: number;
  /** Of a delta by offset: how many entries back its base stands. */
  readonly entriesBack?: number;
  /** Of a delta by offset: how many bytes back. */
  readonly bytesBack?: number;
  /** Of a delta by id. */
  readonly base?: string;
  /** Instead of the zlib stream of the content. */
  readonly stream?: Uint8Array;
}

/** A pack with a right trailer. */
export function packOf(entries: readonly RawEntry[], count: number = entries.length): Buffer {
  const parts: Buffer[] = [packHeader(count)];
  const starts: number[] = [];
  let at = 12;
  for (const entry of entries) {
    starts.push(at);
    const back = entry.bytesBack ?? at - (starts[starts.length - 1 - (entry.entriesBack ?? 0)] ?? 0);
    const bytes = Buffer.concat([
      sizeBytes(entry.code, entry.size ?? entry.content.length),
      entry.code === 6 ? offsetBytes(back) : Buffer.from(entry.base ?? '', 'hex'),
      entry.stream ?? deflateSync(entry.content),
    ]);
    parts.push(bytes);
    at += bytes.length;
  }
  return withTrailer(Buffer.concat(parts));
}

export function withTrailer(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);
}

function sizeBytes(code: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (code << 4) | (size % 16);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
  }
  return Buffer.from([...bytes, byte]);
}

function offsetBytes(offset: number): Buffer {
  const bytes = [offset % 128];
  for (let rest = Math.floor(offset / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift((rest % 128) | 0x80);
  }
  return Buffer.from(bytes);
}

/** The size encoding of deltas. */
export function deltaSize(size: number): number[] {
  return size < 128 ? [size] : [(size % 128) | 0x80, ...deltaSize(Math.floor(size / 128))];
}

/** A delta that copies its whole base and adds some text. */
export function appendDelta(baseSize: number, text: string): Buffer {
  const added = Buffer.from(text);
  const copy = [0x80 | 0x10 | 0x20 | 0x40, baseSize & 0xff, (baseSize >> 8) & 0xff, (baseSize >> 16) & 0xff];
  return Buffer.from([
    ...deltaSize(baseSize),
    ...deltaSize(baseSize + added.length),
    ...(baseSize > 0 ? copy : []),
    added.length,
    ...added,
  ]);
}
