import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gitHandler } from '../../bench/servers/git-cgi.ts';

/** Git's own server beside ours, for every repository below a folder. */
export class GitHttpBackend {
  readonly #server: Server;

  constructor(root: string) {
    this.#server = createServer(gitHandler(root));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
