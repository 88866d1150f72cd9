import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type AnswerHead, parseAnswerHead } from './answer.ts';

const silenceLimitMs = 60_000;
const receiveBytes = 1 << 20;
const headEnd = '\r\n\r\n';

export interface Answer extends AnswerHead {
  /** The body's first bytes: what an error says. */
  excerpt: string;
  received: number;
}

/**
 * One kept connection, one request at a time. A full HTTP client costs more than the servers that it would measure; this
 * one receives into a single buffer and drops the body after `onBody` has seen it.
 */
export interface Wire {
  request(head: string, body?: Iterable<Uint8Array>, onBody?: (bytes: Uint8Array) => void): Promise<Answer>;
  close(): void;
}

interface Pending {
  head: string;
  answer: Answer | undefined;
  onBody: ((bytes: Uint8Array) => void) | undefined;
  resolve: (answer: Answer) => void;
  reject: (cause: Error) => void;
}

export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  let pending: Pending | undefined;
  const fail = (cause: Error): void => {
    pending?.reject(cause);
    pending = undefined;
  };
  const receive = (bytes: Uint8Array): void => {
    if (pending === undefined || !accept(pending, bytes)) return;
    const { answer, resolve } = pending;
    pending = undefined;
    if (answer !== undefined) resolve(answer);
  };
  const socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(receiveBytes),
      callback(count, buffer) {
        try {
          receive(buffer.subarray(0, count));
        } catch (cause) {
          socket.destroy(cause as Error);
        }
        return true;
      },
    },
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error(`${url} closed the connection`)));
  socket.setTimeout(silenceLimitMs, () => socket.destroy(new Error(`${url} was silent for 60 s`)));
  await once(socket, 'connect');
  return {
    request(head, body, onBody) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error(`${url} closed the connection`));
        pending = { head: '', answer: undefined, onBody, resolve, reject };
        send(socket, head, body ?? []).catch(fail);
      });
    },
    close() {
      socket.destroy();
    },
  };
}

async function send(socket: Socket, head: string, body: Iterable<Uint8Array>): Promise<void> {
  socket.cork();
  let room = socket.write(head, 'latin1');
  for (const piece of body) {
    if (!room) {
      socket.uncork();
      await drained(socket);
      socket.cork();
    }
    room = socket.write(piece);
  }
  socket.uncork();
}

/** A server that refuses closes before it has read everything; waiting for 'drain' alone would never end. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      socket.off('close', onClose);
      resolve();
    };
    const onClose = (): void => {
      socket.off('drain', onDrain);
      reject(new Error('the server closed the connection while it was sent a body'));
    };
    if (socket.destroyed) return onClose();
    socket.once('drain', onDrain);
    socket.once('close', onClose);
  });
}

/** True when the answer is complete. */
function accept(pending: Pending, bytes: Uint8Array): boolean {
  let body = bytes;
  if (pending.answer === undefined) {
    const before = pending.head.length;
    pending.head += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const end = pending.head.indexOf(headEnd);
    if (end < 0) return false;
    pending.answer = { ...parseAnswerHead(pending.head.slice(0, end)), excerpt: '', received: 0 };
    body = bytes.subarray(end + headEnd.length - before);
  }
  const { answer, onBody } = pending;
  answer.received += body.length;
  if (answer.status >= 400 && answer.excerpt.length < 1000) answer.excerpt += Buffer.from(body).toString('latin1');
  if (body.length > 0) onBody?.(body);
  return answer.received >= answer.bodyLength;
}
