import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** An HTTP server on loopback that answers as a test says, and remembers what it was asked. */
export class StubRegistry {
  readonly #server: Server;
  /** Method and target of each request, in the order in which they came. */
  readonly asked: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  answer: Answer = (_, response) => void response.writeHead(404).end();

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      this.headers.push(request.headers);
      void Promise.resolve(this.answer(request, response)).catch(() => response.destroy());
    });
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Each test has its own address, since what a client gave up may still arrive where it was sent. */
export function useStubRegistry(): StubRegistry {
  const stub = new StubRegistry();
  beforeEach(async () => {
    await stub.start();
    stub.asked.length = 0;
    stub.headers.length = 0;
  });
  afterEach(() => stub.close());
  return stub;
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
