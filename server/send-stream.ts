import type { ServerResponse } from 'node:http';
import { givePiece } from '../lib/store/piece-pool.ts';
import { StoreError } from '../lib/store/store-error.ts';

/** A client that takes a piece in less time gets the next one read ahead; a slower one is not worth the memory. */
const QUICK_MS = 20;

/**
 * Sends pieces no faster than the client takes them, so that a slow one costs one piece of memory. Before the first
 * piece is at hand a failure can still be answered, and is thrown; after that the connection is cut. It is cut, too,
 * when there are fewer bytes than were promised (an answer in chunks promises none), or the next answer would be taken for the rest.
 */
export async function sendStream(
  res: ServerResponse,
  status: number,
  headers: string[],
  source: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<void> {
  const pieces = source[Symbol.asyncIterator]();
  let sent = 0;
  try {
    let next = await pieces.next();
    let quick = false;
    if (next.done !== true || length === undefined) res.writeHead(status, headers);
    while (next.done !== true && !isGone(res)) {
      const piece = next.value;
      sent += piece.length;
      const ahead = quick ? pieces.next() : undefined;
      const began = performance.now();
      if (!res.write(piece, () => givePiece(piece))) await drained(res);
      quick = performance.now() - began < QUICK_MS;
      next = await (ahead ?? pieces.next());
    }
    if (isGone(res)) return;
    if (length !== undefined && sent !== length)
      throw new StoreError('failed', `of ${length} bytes that were promised ${sent} are there`);
    res.end();
  } finally {
    await pieces.return?.();
  }
}

/** An answer whose turn on its connection has not come is not told when the connection closes. */
function isGone(res: ServerResponse): boolean {
  return res.destroyed || res.req.socket.destroyed;
}

function drained(res: ServerResponse): Promise<void> {
  const { socket } = res.req;
  return new Promise((resolve) => {
    function done(): void {
      res.off('drain', done).off('close', done);
      socket.off('close', done);
      resolve();
    }
    res.on('drain', done).on('close', done);
    socket.on('close', done);
    if (isGone(res)) done();
  });
}
