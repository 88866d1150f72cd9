import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/**
 * - a status: answered in place of the server, which never hears of the request
 * - `silent`: nobody answers
 * - `refused`: the connection ends before the server hears of the request
 * - `answer lost`: the server does as it is told, and the connection ends before it has said so
 * - cutAfter: the connection ends behind so many bytes of the answer's body
 */
export type Fault =
  | { readonly status: number; readonly code?: string }
  | 'silent'
  | 'refused'
  | 'answer lost'
  | { readonly cutAfter: number };

interface Trap {
  readonly what: RegExp;
  readonly fault: Fault;
  spared: number;
  left: number;
}

/** Stands before an HTTP server. Requests are told apart by method, path and query in one line, such as `PUT /bucket/key?partNumber=1`. */
export class FaultyProxy {
  readonly #port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #silenced = new Set<Socket>();
  #traps: Trap[] = [];
  /** All that was asked for, in order. */
  readonly seen: string[] = [];

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((req, res) => this.#pass(req, res));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async before(port: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next requests that are like this go wrong, but for the first so many. */
  fail(what: RegExp, fault: Fault, times = 1, spared = 0): void {
    this.#traps.push({ what, fault, left: times, spared });
  }

  heal(): void {
    this.#traps = [];
  }

  /** As a machine that hung comes up again: it has forgotten its connections. */
  cutSilenced(): void {
    for (const socket of this.#silenced) socket.destroy();
    this.#silenced.clear();
  }

  /** How many faults are still to come. */
  get left(): number {
    return this.#traps.reduce((sum, { left }) => sum + left, 0);
  }

  count(what: RegExp): number {
    return this.seen.filter((line) => what.test(line)).length;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #faultFor(line: string): Fault | undefined {
    const trap = this.#traps.find(({ what, left }) => left > 0 && what.test(line));
    if (trap === undefined) return undefined;
    trap.spared -= 1;
    if (trap.spared >= 0) return undefined;
    trap.left -= 1;
    return trap.fault;
  }

  #pass(req: IncomingMessage, res: ServerResponse): void {
    const { method = '', url = '', headers } = req;
    const line = `${method} ${url}`;
    this.seen.push(line);
    const fault = this.#faultFor(line);
    if (fault === 'silent') {
      this.#silenced.add(req.socket);
      return;
    }
    if (fault === 'refused') {
      req.socket.destroy();
      return;
    }
    if (typeof fault === 'object' && 'status' in fault) {
      req.resume();
      const said =
        fault.status < 300 ? '' : `<Error><Code>${fault.code ?? CODES[fault.status] ?? 'Odd'}</Code></Error>`;
      req.on('end', () => res.writeHead(fault.status).end(said));
      return;
    }
    // The signature covers the headers, the name of this proxy among them.
    const upstream = request({ host: '127.0.0.1', port: this.#port, method, path: url, headers }, (answer) => {
      if (fault === 'answer lost') answer.resume().on('end', () => req.socket.destroy());
      else this.#answer(answer, res, fault?.cutAfter);
    });
    upstream.on('error', () => req.socket.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  }

  #answer(answer: IncomingMessage, res: ServerResponse, cutAfter: number | undefined): void {
    res.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
    if (cutAfter === undefined) {
      answer.pipe(res);
      return;
    }
    let left = cutAfter;
    answer.on('data', (bytes: Buffer) => {
      if (left <= 0) return;
      res.write(bytes.subarray(0, left), () => {
        if (left <= 0) res.destroy();
      });
      left -= bytes.length;
    });
  }
}

const CODES: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'SlowDown',
  507: 'InsufficientStorage',
};
