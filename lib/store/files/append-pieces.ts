import type { FileHandle } from 'node:fs/promises';
import { PIECE_BYTES } from '../piece-pool.ts';

/** After so many bytes the disk is set to work, so that the last sync finds little left to do. */
const SYNC_EVERY = 16 * 1024 * 1024;

/**
 * Writes a source behind the first `at` bytes of an open file, in pieces of about 1 MiB, and makes them durable.
 * Returns where the file then ends. What had arrived when the source failed is written all the same.
 */
export async function appendPieces(handle: FileHandle, at: number, source: AsyncIterable<Uint8Array>): Promise<number> {
  let end = at;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let unsynced = 0;
  let writing: Promise<void> = Promise.resolve();
  let syncing: Promise<void> = Promise.resolve();

  // One write is under way while the next piece is gathered; a failure surfaces at the next turn.
  async function flush(): Promise<void> {
    await writing;
    if (waitingBytes === 0) return;
    const pieces = waiting;
    const position = end;
    end += waitingBytes;
    unsynced += waitingBytes;
    waiting = [];
    waitingBytes = 0;
    writing = writeFully(handle, pieces, position);
    writing.catch(ignore);
    if (unsynced < SYNC_EVERY) return;
    unsynced = 0;
    await syncing;
    syncing = writing.then(() => handle.datasync());
    syncing.catch(ignore);
  }

  try {
    for await (const bytes of source) {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= PIECE_BYTES) await flush();
    }
  } finally {
    await flush();
    await writing;
    await syncing;
    await handle.datasync();
  }
  return end;
}

async function writeFully(handle: FileHandle, pieces: Uint8Array[], position: number): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { bytesWritten } = await handle.writev(pieces, position);
  if (bytesWritten === total) return;
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let done = 0; done < rest.length;) {
    const written = await handle.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += written.bytesWritten;
  }
}

/** The failure is seen where the promise is awaited; without this it would also count as unhandled meanwhile. */
function ignore(): void {}
