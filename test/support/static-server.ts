import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Folders as a plain web server shows them, which remembers what it was asked for and can be made to lie. */
export class StaticServer {
  readonly asked: string[] = [];
  /** Bytes to answer with in place of a file, by path; null is an answer of 503. */
  readonly instead = new Map<string, Buffer | null>();
  readonly #folders: () => Readonly<Record<string, string>>;
  readonly #server: Server;

  /** `folders` by the path that they are below, each ending with a slash; the longest that fits counts. */
  constructor(folders: () => Readonly<Record<string, string>>) {
    this.#folders = folders;
    this.#server = createServer((request, response) => {
      this.#answer(new URL(request.url ?? '/', 'http://local').pathname, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    this.asked.push(path);
    const bytes = this.instead.has(path) ? this.instead.get(path)! : await this.#file(path);
    if (bytes === undefined) response.writeHead(404).end();
    else if (bytes === null) response.writeHead(503).end();
    else response.writeHead(200, headersOf(path)).end(bytes);
  }

  async #file(path: string): Promise<Buffer | undefined> {
    const folders = Object.entries(this.#folders()).sort(([a], [b]) => b.length - a.length);
    const [prefix, folder] = folders.find(([start]) => path.startsWith(start)) ?? [];
    if (prefix === undefined || folder === undefined) return undefined;
    const rest = path.slice(prefix.length);
    return readFile(join(folder, normalize(`/${rest === '' ? 'index.html' : rest}`))).catch(() => undefined);
  }
}

/** Nothing is kept by the browser, so that it sees at once what a test changes. */
function headersOf(path: string): Record<string, string> {
  const type = path.endsWith('/') ? TYPES['.html'] : TYPES[extname(path)];
  return { 'content-type': type ?? 'application/octet-stream', 'cache-control': 'no-store' };
}
