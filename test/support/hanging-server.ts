import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What it does with a request: nothing at all, half of an answer, an answer of one byte now and then, or it is throttled; or
 * it takes a body so slowly, and is content with it then.
 */
export type Hanging =
  'accepts' | 'answers half' | 'dribbles' | { readonly retryAfter: number } | { readonly bytesPerTick: number };

const TICK_MS = 50;

/** In place of a bucket: it takes every connection and never says anything whole. */
export class HangingServer {
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();
  how: Hanging = 'accepts';
  asked = 0;
  /** Bytes of bodies that came to their end. */
  taken = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked += 1;
      if (typeof this.how === 'object' && 'bytesPerTick' in this.how) {
        void takeSlowly(request, this.how.bytesPerTick).then((bytes) => {
          this.taken += bytes;
          response.writeHead(200, { etag: '"taken"' }).end();
        });
        return;
      }
      request.resume();
      if (this.how === 'accepts') return;
      if (typeof this.how === 'object') {
        request.on('end', () => {
          const said = '<Error><Code>SlowDown</Code></Error>';
          response.writeHead(429, { 'retry-after': String((this.how as { retryAfter: number }).retryAfter) }).end(said);
        });
        return;
      }
      response.writeHead(200, { 'content-length': 1000, etag: '"half"' });
      response.write('{"format":1,');
      if (this.how === 'dribbles') this.#timers.add(setInterval(() => response.write(' '), 50));
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function takeSlowly(request: IncomingMessage, bytesPerTick: number): Promise<number> {
  let [taken, due] = [0, 0];
  for await (const piece of request as AsyncIterable<Buffer>) {
    taken += piece.length;
    for (due += piece.length; due >= bytesPerTick; due -= bytesPerTick) await sleep(TICK_MS);
  }
  return taken;
}
