import type { IncomingMessage, ServerResponse } from 'node:http';
import { gather } from '../lib/encoding/gather.ts';
import { RequestError } from './request-error.ts';

/** A body that brings less than this in a whole timeout is taken for one that brings nothing. */
const LEAST_PROGRESS_BYTES = 256;

/** After an early answer so much of a body is still read and thrown away, so that the client gets to see the answer. */
const LINGER_BYTES = 256 * 1024 * 1024;
const LINGER_MS = 5_000;

/** An answer gets this long to leave before its connection is torn down. */
const TEAR_DOWN_MS = 100;

export interface BodyLimits {
  readonly timeoutMs: number;
  /** Called once when the client sends too slowly; it answers, for the body is then torn off. */
  readonly onStall: (error: RequestError) => void;
}

/** The bytes of a request, as they come. Asks for them first where the client waits to be asked (RFC 9110, 10.1.1). */
export async function* bodyOf(
  req: IncomingMessage,
  res: ServerResponse,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array> {
  if (awaitsContinue(req)) res.writeContinue();
  let bytes = 0;
  let seen = 0;
  const watch = setInterval(() => {
    const stalled = bytes - seen < LEAST_PROGRESS_BYTES;
    seen = bytes;
    if (!stalled) return;
    clearInterval(watch);
    const error = new RequestError('body-too-slow', `no more of the body came within ${limits.timeoutMs / 1000} s`);
    limits.onStall(error);
    setTimeout(() => req.destroy(error), TEAR_DOWN_MS);
  }, limits.timeoutMs);
  watch.unref();
  try {
    // An answer may be written before the body ends, so who stops reading must not tear the connection down.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  } finally {
    clearInterval(watch);
  }
}

/** A body of at most `limit` bytes as a whole. */
export async function wholeBody(
  req: IncomingMessage,
  res: ServerResponse,
  limit: number,
  limits: BodyLimits,
  tooLarge: () => Error,
): Promise<Buffer> {
  if (declaredLength(req) > limit) throw tooLarge();
  const body = await gather(bodyOf(req, res, limits), limit);
  if (body === undefined) throw tooLarge();
  return body;
}

/**
 * Reads on, for a moment, what is still coming of a body that nobody wants, and throws it away. Calls back when there
 * is no more of it or it has been enough; the connection of a client that goes on sending is then torn down.
 */
export function dismissBody(req: IncomingMessage, done: () => void): void {
  if (req.complete || req.destroyed || awaitsContinue(req)) {
    done();
    return;
  }
  let bytes = 0;
  function end(): void {
    clearTimeout(timer);
    req.off('end', end).off('close', end).off('data', count);
    done();
    if (!req.complete) setTimeout(() => req.destroy(), TEAR_DOWN_MS);
  }
  function count(chunk: Buffer): void {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) end();
  }
  const timer = setTimeout(end, LINGER_MS);
  req.on('end', end).on('close', end).on('data', count);
  req.resume();
}

export function declaredLength(req: IncomingMessage): number {
  const text = req.headers['content-length'];
  return text === undefined ? 0 : Number(text);
}

export function awaitsContinue(req: IncomingMessage): boolean {
  return /^100-continue$/i.test(req.headers.expect ?? '');
}
