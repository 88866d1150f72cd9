import { RawConnection } from '../../support/raw-connection.ts';

/** A request as bytes, however odd. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface RawReply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: boolean;
  readonly body: string;
}

const ANSWER_LIMIT_MS = 10_000;
/** Who has not been answered after this long says that no more will come, as a client that gives up. */
const PATIENCE_MS = 10_000;

export function bytesOf({ method, target, headers, body }: RawRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

/** What is answered to a request on a connection of its own; undefined where the server says nothing and closes, or nothing at all. */
export async function exchange(server: { readonly url: string }, request: RawRequest): Promise<RawReply | undefined> {
  const connection = await RawConnection.open(server);
  connection.write(bytesOf(request));
  try {
    await connection.closed(PATIENCE_MS);
  } catch {
    connection.end();
    await connection.closed(ANSWER_LIMIT_MS).catch(() => connection.destroy());
  }
  return parsed(connection.received);
}

function parsed(received: string): RawReply | undefined {
  const final = received.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '');
  const found = /^HTTP\/1\.1 (\d{3})[^]*?\r\n\r\n/.exec(final);
  if (found === null) return undefined;
  const contentType = /^content-type: *([^\r\n]*)/im.exec(found[0])?.[1] ?? '';
  const rest = final.slice(found[0].length);
  const isChunked = /^transfer-encoding: *chunked/im.test(found[0]);
  const retryAfter = /^retry-after: *\d+/im.test(found[0]);
  return { status: Number(found[1]), contentType, retryAfter, body: isChunked ? joined(rest) : rest };
}

function joined(chunks: string): string {
  let body = '';
  for (let at = 0; at < chunks.length;) {
    const end = chunks.indexOf('\r\n', at);
    const size = Number.parseInt(chunks.slice(at, end), 16);
    if (!(size > 0)) break;
    body += chunks.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return body;
}
