import { ClientError } from './client-error.ts';
import type { Answer } from './transport.ts';

export interface PartWanted {
  /** Included; 0 by default. */
  readonly start?: number;
  /** Not included; the resource's own end by default. */
  readonly end?: number;
  /** Quoted, as the header has it. */
  readonly etag?: string | undefined;
}

interface Part {
  readonly etag: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** The wanted bytes of an answer to a request for a range, which may be the whole resource (RFC 9110, 14.2). */
export async function partOf(answer: Answer, wanted: PartWanted, path: string): Promise<Part> {
  try {
    const etag = strong(answer.headers.get('etag'));
    const { start = 0, end } = wanted;
    if (wanted.etag !== undefined && etag !== undefined && etag !== wanted.etag)
      throw new ClientError('bad-answer', `${path} is ${etag} at the server, not ${wanted.etag}`);
    // Without an ETag nobody knows whether the rest belongs to what came before.
    if (answer.status === 206) return { etag, body: exactly(answer.body, sizeOf(answer, start, end, path), path) };
    if (start > 0 && (etag ?? wanted.etag) === undefined)
      throw new ClientError('bad-answer', `${path}: the server sends no ranges`);
    return { etag, body: within(answer.body, start, end) };
  } catch (error) {
    await answer.cancel();
    throw error;
  }
}

/** How many bytes a partial answer holds, which must begin where they were wanted. */
function sizeOf(answer: Answer, start: number, end: number | undefined, path: string): number {
  const header = answer.headers.get('content-range') ?? '';
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(?:\d{1,15}|\*)$/.exec(header);
  const last = Number(found?.[2]);
  if (found === null || Number(found[1]) !== start || last < start || (end !== undefined && last !== end - 1))
    throw new ClientError('bad-answer', `${path}: bytes from ${start} were wanted, and "${header}" came`);
  return last + 1 - start;
}

async function* exactly(source: AsyncIterable<Uint8Array>, size: number, path: string): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const piece of source) {
    seen += piece.length;
    if (seen > size) throw new ClientError('bad-answer', `${path}: more bytes came than were wanted`);
    yield piece;
  }
  // As a connection that was cut, which the caller goes on from.
  if (seen < size) throw new Error('the answer ended early');
}

/** The wanted part of a whole resource. */
async function* within(
  source: AsyncIterable<Uint8Array>,
  start: number,
  end: number | undefined,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of source) {
    const from = Math.max(0, start - at);
    const to = Math.min(piece.length, (end ?? Infinity) - at);
    at += piece.length;
    if (from < to) yield piece.subarray(from, to);
    if (end !== undefined && at >= end) return;
  }
  if (end !== undefined && at < end) throw new Error('the answer ended early');
}

function strong(etag: string | null): string | undefined {
  return etag === null || etag.startsWith('W/') ? undefined : etag;
}
