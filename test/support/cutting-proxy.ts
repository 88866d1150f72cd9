import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What happens to the next message, and with it to the connection that brings it. */
export type Cut = 'answer lost' | 'request lost' | 'request late';

/** Stands before a server of some protocol where the client speaks first, and cuts one connection where it is told to. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #late: (() => void)[] = [];
  #next: Cut | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, '127.0.0.1')));
  }

  static async before(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cutNext(cut: Cut): void {
    this.#next = cut;
  }

  /** Whether the cut that was asked for has been made. */
  get wasCut(): boolean {
    return this.#next === undefined;
  }

  /** Sends on what was held back as late. */
  deliverLate(): void {
    for (const deliver of this.#late.splice(0)) deliver();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    let abandoned = false;
    client.on('data', (bytes) => {
      if (this.#next === 'request lost' || this.#next === 'request late') {
        if (this.#next === 'request late') {
          abandoned = true;
          this.#late.push(() => server.write(bytes));
        }
        this.#next = undefined;
        client.destroy();
      } else server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (this.#next === 'answer lost') {
        this.#next = undefined;
        client.destroy();
      } else client.write(bytes);
    });
    client.on('close', () => {
      if (!abandoned) server.destroy();
    });
    server.on('close', () => client.destroy());
  }
}
