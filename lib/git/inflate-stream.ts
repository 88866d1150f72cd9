import { createInflate, type Inflate } from 'node:zlib';
import type { ByteQueue } from './byte-queue.ts';
import { GitError } from './error.ts';
import { translated, wrongSize } from './inflate.ts';

/**
 * Inflates the large stream at the front of the queue on the thread pool, gives its content away in pieces, and steps
 * behind it. A piece is valid until `take` returns.
 */
export async function inflateStream(queue: ByteQueue, size: number, take: (piece: Buffer) => void): Promise<void> {
  const engine = createInflate({ chunkSize: 256 * 1024 });
  let produced = 0;
  const ended = new Promise<void>((resolve, reject) => {
    engine.on('data', (piece: Buffer) => {
      produced += piece.length;
      if (produced > size) engine.destroy(wrongSize(size));
      else take(piece);
    });
    engine.on('end', resolve);
    engine.on('error', reject);
    engine.on('close', () => reject(wrongSize(size)));
  });
  // Awaited below; until then a failure must not count as unhandled.
  ended.catch(() => undefined);
  try {
    for (;;) {
      if (!(await queue.fill(1))) throw new GitError('truncated', 'the pack is cut off');
      const view = queue.view;
      const before = engine.bytesWritten;
      await Promise.race([write(engine, view), ended]);
      const consumed = engine.bytesWritten - before;
      queue.consume(consumed);
      // zlib takes all it is given until the stream ends, so whatever it leaves stands behind the end.
      if (consumed < view.length) break;
    }
    await ended;
  } catch (error) {
    throw translated(error, size);
  } finally {
    engine.destroy();
  }
  if (produced !== size) throw wrongSize(size);
}

function write(engine: Inflate, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
