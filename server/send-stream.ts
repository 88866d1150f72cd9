import type { ServerResponse } from 'node:http';
import { givePiece } from '../lib/store/piece-pool.ts';

/** A client that takes a piece in less time gets the next one read ahead; a slower one is not worth the memory. */
const QUICK_MS = 20;

/**
 * Sends pieces no faster than the client takes them, so that a slow one costs one piece of memory. Before the first
 * piece is at hand a failure can still be answered, and is thrown; after that the connection is cut.
 */
export async function sendStream(
  res: ServerResponse,
  status: number,
  headers: string[],
  source: AsyncIterable<Uint8Array>,
  timeoutMs: number,
): Promise<void> {
  const pieces = source[Symbol.asyncIterator]();
  try {
    let next = await pieces.next();
    let quick = true;
    res.writeHead(status, headers);
    while (next.done !== true && !res.destroyed) {
      const piece = next.value;
      const ahead = quick ? pieces.next() : undefined;
      const sent = performance.now();
      if (!res.write(piece, () => givePiece(piece))) await drained(res, timeoutMs);
      quick = performance.now() - sent < QUICK_MS;
      next = await (ahead ?? pieces.next());
    }
    res.end();
  } finally {
    await pieces.return?.();
  }
}

function drained(res: ServerResponse, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => res.destroy(), timeoutMs);
    function done(): void {
      clearTimeout(timer);
      res.off('drain', done);
      res.off('close', done);
      resolve();
    }
    res.on('drain', done);
    res.on('close', done);
    if (res.destroyed) done();
  });
}
