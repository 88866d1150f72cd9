import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does with a request: nothing at all, half of an answer, an answer of one byte now and then, or it is throttled. */
export type Hanging = 'accepts' | 'answers half' | 'dribbles' | { readonly retryAfter: number };

/** In place of a bucket: it takes every connection and never says anything whole. */
export class HangingServer {
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();
  how: Hanging = 'accepts';
  asked = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked += 1;
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
