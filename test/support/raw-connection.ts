import { connect, type Socket } from 'node:net';

/** A TCP connection that says exactly what it is told, for requests that no decent client would send. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #received: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.#received.push(piece);
    });
    // A reset is one of the ways in which a server may end such a conversation.
    socket.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  static async open(server: { readonly url: string }): Promise<RawConnection> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const connection = new RawConnection(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return connection;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** No more bytes will come from this side; the other may still answer. */
  end(): void {
    this.#socket.end();
  }

  /** As a client that loses its network. */
  destroy(): void {
    this.#socket.resetAndDestroy();
  }

  get received(): string {
    // Put together when somebody looks, not at every piece.
    this.#received = [Buffer.concat(this.#received)];
    return this.#received[0]!.toString('latin1');
  }

  get status(): number | undefined {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(this.received.replace(/^(?:HTTP\/1\.1 100 Continue\r\n\r\n)+/, ''))?.[1];
    return status === undefined ? undefined : Number(status);
  }

  /** Resolves when the server has closed the connection; rejects after the limit. */
  async closed(limit: number): Promise<void> {
    await within(limit, this.#closed, () => `the server keeps the connection open; it said: ${this.received}`);
  }

  /** Resolves when what was received satisfies the condition. */
  async until(condition: (received: string) => boolean, limit = 10_000): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition(this.received)) return;
        this.#socket.off('data', look);
        resolve();
      };
      this.#socket.on('data', look);
      look();
    });
    await within(limit, seen, () => `the server does not say what it should; it said: ${this.received}`);
  }
}

async function within(limit: number, event: Promise<void>, complaint: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), limit);
  });
  try {
    await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}
