import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { timerMs } from './timer.ts';

/**
 * The connections of a server, each with its latest request. Answers leave in the order of their requests, so the
 * latest is the last that is under way.
 */
export class Connections {
  readonly #latest = new Map<Duplex, ServerResponse | undefined>();
  readonly #closing = new WeakSet<Duplex>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#latest.set(socket, undefined);
      socket.once('close', () => this.#latest.delete(socket));
    });
  }

  /** A request has come, and this is what will answer it. */
  began(res: ServerResponse): void {
    this.#latest.set(res.req.socket, res);
  }

  /** Whether a request that came as a whole waits for the end of its answer, or a body is still coming. */
  isBusy(socket: Duplex): boolean {
    const res = this.#latest.get(socket);
    return res !== undefined && !(res.writableFinished && res.req.complete);
  }

  /** Whether what is written to the socket now would be taken for the answer to its latest request, or to none. */
  canAnswer(socket: Duplex): boolean {
    const res = this.#latest.get(socket);
    if (res === undefined || !this.isBusy(socket)) return true;
    return !res.req.complete && !res.headersSent && res.socket !== null;
  }

  /**
   * Closes a connection on which nothing more can be understood, without taking away the answer to what was. Where that
   * began before all of its request had come, it was an early refusal, which has been written and has yet to leave.
   */
  closeBehindAnswer(socket: Socket): void {
    const res = this.#latest.get(socket);
    if (res === undefined || !res.req.complete) socket.destroySoon();
    else if (!this.#closing.has(socket)) {
      this.#closing.add(socket);
      res.once('finish', () => socket.destroySoon());
    }
  }

  /** Those on which no request is under way, be it that its head has begun to come. */
  closeIdle(): void {
    for (const socket of this.#latest.keys()) if (!this.isBusy(socket)) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#latest.keys()) socket.destroy();
  }

  /**
   * Cuts who takes nothing of an answer for so long. Node's timer of a socket starts anew whenever bytes come or leave,
   * so that a slow reader is served to the end. It also ends connections that were kept alive for too long.
   */
  cutStalled(server: Server, timeoutMs: number): void {
    server.setTimeout(timerMs(timeoutMs), (socket) => {
      const waited = this.#latest.get(socket) !== undefined && !this.isBusy(socket);
      if (socket.writableLength > 0 || waited) socket.destroy();
    });
  }
}
