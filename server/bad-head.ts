import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorBody } from './error-body.ts';
import type { Connections } from './connections.ts';
import { answerTo } from './errors.ts';
import { RequestError } from './request-error.ts';

/**
 * Answers what never became a request: a head that is malformed, too large or too slow. Behind an answer that is still
 * under way it would be taken for a part of that one, so the connection is closed when that has left.
 */
export function respondToBadHead(
  error: Error & { code?: string; rawPacket?: Buffer },
  socket: Duplex,
  connections: Connections,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
  else if (!connections.canAnswer(socket)) connections.closeBehindAnswer(socket as Socket);
  else end(socket, pathIn(error.rawPacket), refusal(error.code));
}
/** Answers CONNECT, which Node hands over as a bare connection: nobody is tunnelled through here (RFC 9110, 9.3.6). */
export function respondToConnect({ url = '/' }: IncomingMessage, socket: Duplex, connections: Connections): void {
  // Node has taken its own listener away, and a reset must not end the process.
  socket.on('error', () => socket.destroy());
  if (!connections.canAnswer(socket)) socket.destroy();
  else
    end(socket, url, new RequestError('method-not-allowed', 'this server is no proxy', { headers: { allow: 'GET' } }));
}

function end(socket: Duplex, path: string, error: RequestError): void {
  const answer = answerTo(error);
  const { contentType, body } = errorBody(path, answer, undefined);
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    'X-Content-Type-Options: nosniff',
    ...Object.entries(answer.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

function refusal(code: string | undefined): RequestError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new RequestError('headers-too-large', 'the request line and headers have at most 32 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestError('body-too-slow', 'the request head came too slowly');
  return new RequestError('request-malformed', 'this is no well-formed HTTP request');
}

/** The path as far as the packet at hand shows it, to choose the envelope. */
function pathIn(packet: Buffer | undefined): string {
  return /^[A-Z]+ (\S+)/.exec(packet?.toString('latin1', 0, 200) ?? '')?.[1] ?? '/';
}
