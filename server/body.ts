import type { IncomingMessage, ServerResponse } from 'node:http';
import { gather } from '../lib/encoding/gather.ts';
import { DisconnectError, RequestError } from './request-error.ts';
import { timerMs } from './timer.ts';

/**
 * A body that brings less than this in a timeout's worth of waiting for it is taken for one that brings nothing. The slowest
 * link that anybody uploads by, shared by as many uploads as one client may have, brings more.
 */
const LEAST_BYTES = 256;
const LEAST_BYTES_PER_SECOND = 64;
/** Timers may come a moment early. */
const AS_GOOD_AS_A_TIMEOUT = 0.95;

/** After an early answer so much of a body is still read and thrown away, so that the client gets to see the answer. */
const LINGER_BYTES = 256 * 1024 * 1024;
const LINGER_MS = 5_000;

/** An answer gets this long to leave before its connection is torn down. */
const TEAR_DOWN_MS = 100;

/**
 * The bytes of a request, as they come. Asks for them first where the client waits to be asked (RFC 9110, 10.1.1), and
 * throws when so little comes for a while that it might as well be nothing. Who stops reading leaves the connection open.
 */
export async function* bodyOf(
  req: IncomingMessage,
  res: ServerResponse,
  timeoutMs: number,
): AsyncGenerator<Uint8Array> {
  if (awaitsContinue(req)) res.writeContinue();
  let bytes = 0;
  let seen = 0;
  let failure: Error | undefined;
  let wake = nobodyWaits;
  function onEvent(): void {
    wake();
  }
  function fail(error: Error): void {
    failure ??= error;
    wake();
  }
  function onClose(): void {
    if (!req.readableEnded) fail(new DisconnectError());
  }
  const least = Math.max(LEAST_BYTES, (timeoutMs / 1000) * LEAST_BYTES_PER_SECOND);
  // Only what is waited for the client counts: a slow disk is no fault of its.
  let waitedMs = 0;
  let waitingSince: number | undefined;
  function countWait(): void {
    const now = performance.now();
    if (waitingSince !== undefined) waitedMs += now - waitingSince;
    waitingSince = now;
  }
  const watch = setInterval(
    () => {
      if (waitingSince !== undefined) countWait();
      if (waitedMs < timeoutMs * AS_GOOD_AS_A_TIMEOUT) return;
      fail(new RequestError('body-too-slow', `no more of the body came within ${timeoutMs / 1000} s`));
    },
    timerMs(timeoutMs / 2),
  );
  watch.unref();
  req.on('readable', onEvent).on('end', onEvent).on('error', onClose).on('close', onClose);
  try {
    for (;;) {
      const chunk = req.read() as Buffer | null;
      if (chunk !== null) {
        bytes += chunk.length;
        if (bytes - seen >= least) {
          seen = bytes;
          waitedMs = 0;
        }
        yield chunk;
      } else if (failure !== undefined) {
        throw failure;
      } else if (req.readableEnded) {
        return;
      } else {
        waitingSince = performance.now();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        countWait();
        waitingSince = undefined;
      }
    }
  } finally {
    clearInterval(watch);
    req.off('readable', onEvent).off('end', onEvent).off('error', onClose).off('close', onClose);
  }
}

function nobodyWaits(): void {}

/** A body of at most `limit` bytes as a whole. */
export async function wholeBody(
  req: IncomingMessage,
  res: ServerResponse,
  limit: number,
  timeoutMs: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  if (declaredLength(req) > limit) throw tooLarge();
  const body = await gather(bodyOf(req, res, timeoutMs), limit);
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
