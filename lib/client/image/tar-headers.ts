import type { FileHandle } from 'node:fs/promises';
import { extract, type Header } from 'tar-stream';
import { ImageError, plain } from './image-error.ts';
import { readAt } from './read-file.ts';

const BLOCK = 512;
const TYPE = 156;
const SIZE = 124;
/** Entries that say something of the one that follows: pax headers (POSIX.1-2001), and GNU's long names and links. */
const EXTENSIONS = new Set(Buffer.from('xgLK'));
const MAX_EXTENSION = 1024 * 1024;

export interface TarHeader {
  readonly name: string;
  readonly type: Header['type'];
  readonly linkname: string | undefined;
  /** Where its content lies in the file. */
  readonly start: number;
  readonly size: number;
}

/**
 * The headers of a tar, one after another, by jumping over what lies between: a few small reads tell where everything
 * is, however large the tar. tar-stream, which wants to see every byte, is shown the headers alone.
 */
export async function* tarHeaders(file: FileHandle, label: string, size: number): AsyncGenerator<TarHeader> {
  for (let at = 0; at < size;) {
    const blocks = await headerBlocks(file, label, at);
    if (blocks === undefined) return;
    const header = await decode(blocks, label, at);
    const start = at + blocks.length;
    const length = header.type === 'directory' ? 0 : (header.size ?? 0);
    if (!Number.isSafeInteger(length) || length < 0) throw damaged(label, `the entry at byte ${at} has no size`);
    if (start + length > size) throw damaged(label, `it ends in the middle of ${plain(header.name)}`);
    yield { name: header.name, type: header.type, linkname: header.linkname ?? undefined, start, size: length };
    at = start + Math.ceil(length / BLOCK) * BLOCK;
  }
}

/** A header with the extensions before it; undefined at the empty block that ends a tar. */
async function headerBlocks(file: FileHandle, label: string, at: number): Promise<Buffer | undefined> {
  const blocks: Buffer[] = [];
  for (let length = 0; ;) {
    const block = await whole(file, label, at + length, BLOCK);
    if (block.every((byte) => byte === 0)) {
      if (blocks.length === 0) return undefined;
      throw damaged(label, `nothing follows the extended header at byte ${at}`);
    }
    blocks.push(block);
    length += BLOCK;
    if (!EXTENSIONS.has(block[TYPE] ?? 0)) return Buffer.concat(blocks);
    const size = Number.parseInt(block.toString('latin1', SIZE, SIZE + 12), 8);
    if (!(size >= 0 && length + size <= MAX_EXTENSION)) throw wrongHeader(label, at);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    blocks.push(await whole(file, label, at + length, padded));
    length += padded;
  }
}

async function whole(file: FileHandle, label: string, at: number, size: number): Promise<Buffer> {
  const { bytesRead, buffer } = await readAt(file, label, at, size);
  if (bytesRead !== size) throw wrongHeader(label, at);
  return buffer;
}

async function decode(blocks: Buffer, label: string, at: number): Promise<Header> {
  const decoder = extract();
  try {
    return await new Promise<Header>((resolve, reject) => {
      decoder.on('entry', (header, content) => {
        content.on('error', () => {}); // that there is no content here is meant
        resolve(header);
      });
      decoder.on('error', reject);
      decoder.on('close', () => reject(new Error('there is no entry')));
      decoder.end(blocks);
    });
  } catch (cause) {
    throw wrongHeader(label, at, cause);
  } finally {
    decoder.destroy();
  }
}

/** What does not even begin as a tar is none. */
function wrongHeader(label: string, at: number, cause?: unknown): ImageError {
  return at === 0
    ? new ImageError('not-an-image', `${label} is no tar`, { cause })
    : damaged(label, `the header at byte ${at} is wrong`, cause);
}

function damaged(label: string, why: string, cause?: unknown): ImageError {
  return new ImageError('archive-damaged', `${label} is damaged: ${why}`, { cause });
}
