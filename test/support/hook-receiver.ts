import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does with whoever tells it: `nonsense` is no HTTP at all, `hangs` no answer. */
export type Mood = 'works' | 'fails' | 'hangs' | 'nonsense';

export interface Told {
  readonly snapshot: string;
  readonly publication: number;
  readonly size: number;
}

/** The receiver of a deploy hook. */
export class HookReceiver {
  readonly #server: Server;
  mood: Mood = 'works';
  /** What it took. */
  readonly told: Told[] = [];
  /** How often it was asked. */
  asked = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        this.asked += 1;
        if (this.mood === 'hangs') return;
        if (this.mood === 'nonsense') {
          request.socket.end('yes, yes\r\n\r\n');
          return;
        }
        if (this.mood === 'works') this.told.push(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Told);
        response.writeHead(this.mood === 'works' ? 204 : 500).end();
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks/deploy`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
