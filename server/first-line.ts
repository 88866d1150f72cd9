import { RequestError } from './request-error.ts';

const NEWLINE = 0x0a;

/** The first line of a body, and what is behind it, which may be nothing. */
export async function splitLine(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ line: Buffer; rest: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  let seen: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = seen.indexOf(NEWLINE);
    if (end > limit || (end < 0 && seen.length > limit)) {
      throw new RequestError('body-too-large', `the first line has at most ${limit} bytes`);
    }
    if (end >= 0) return { line: seen.subarray(0, end), rest: following(seen.subarray(end + 1), chunks) };
    const next = await chunks.next();
    if (next.done === true) return { line: seen, rest: following(Buffer.alloc(0), chunks) };
    seen = Buffer.concat([seen, next.value]);
  }
}

async function* following(first: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}
