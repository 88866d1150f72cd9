import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import type { SampleDefinition } from './sample-definition.ts';

/** What goes wrong with one answer. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly json?: unknown }
  /** The connection ends after so many bytes of the body, or stays open and silent. */
  | { readonly cutAfter: number }
  | { readonly silentAfter: number }
  /** The answer is made of other bytes. */
  | { readonly change: (body: Buffer) => Buffer }
  /** As if ranges were not known. */
  | { readonly ignoreRange: true };

export interface Asked {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** The reading side of a server's API, from memory, that does wrong as it is told to. */
export class DefinitionServer {
  readonly #server: Server;
  readonly #definitions: SampleDefinition[] = [];
  readonly #pins = new Map<string, SampleDefinition>();
  #port = 0;
  /** Every request since the last look. */
  readonly asked: Asked[] = [];
  /** Asked for a fault of every answer. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  add(...definitions: SampleDefinition[]): void {
    this.#definitions.push(...definitions);
  }

  pin(pin: string, definition: SampleDefinition): void {
    this.#pins.set(`${definition.version.family}@${pin}`, definition);
  }

  forget(): void {
    this.#definitions.length = 0;
    this.#pins.clear();
  }

  /** The paths that were asked for and end like this. */
  askedFor(end: string): Asked[] {
    return this.asked.filter(({ path }) => path.endsWith(end));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? '', this.url).pathname);
    const asked = { method: request.method ?? '', path, headers: request.headers };
    this.asked.push(asked);
    const fault = this.fault(asked);
    if (fault !== undefined && 'status' in fault) {
      response.writeHead(fault.status, { 'content-type': 'application/problem+json', ...fault.headers });
      response.end(JSON.stringify(fault.json ?? {}));
      return;
    }
    const found = this.#find(path);
    if (found === undefined) {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'version-unknown', detail: `nothing at ${path}`, status: 404 }));
      return;
    }
    send(request, response, found, fault);
  }

  #find(path: string): Buffer | undefined {
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path);
    if (manifest !== null) return this.#manifest(manifest[2]!);
    const [, family, ref = '', rest = ''] = /^\/api\/v1\/definitions\/([^@]+)@([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    const definition = this.#pins.get(`${family}@${ref}`) ?? this.#byName(family, ref);
    if (definition === undefined) return undefined;
    if (rest === '') return json(definition.version);
    if (rest === 'metadata') return definition.config;
    if (rest === 'files') return json(definition.listing);
    if (rest === 'archive') return definition.tar;
    return rest.startsWith('files/') ? definition.content.get(rest.slice(6)) : undefined;
  }

  #byName(family: string | undefined, ref: string): SampleDefinition | undefined {
    const ofFamily = this.#definitions.filter(({ version }) => version.family === family);
    if (ref === 'latest') return ofFamily.at(-1);
    return ofFamily.find(({ version }) => version.version === ref || version.digest === ref);
  }

  #manifest(digest: string): Buffer | undefined {
    const all = this.#definitions.flatMap(({ manifest, inner }) =>
      inner === undefined ? [manifest] : [manifest, inner],
    );
    return all.find((bytes) => sha256(bytes) === digest);
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function send(request: IncomingMessage, response: ServerResponse, whole: Buffer, fault: Fault | undefined): void {
  const etag = `"${sha256(whole)}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const ifRange = request.headers['if-range'];
  const isPart = range !== null && !(fault !== undefined && 'ignoreRange' in fault) && (ifRange ?? etag) === etag;
  const start = isPart ? Number(range[1]) : 0;
  const end = isPart && range[2] !== '' ? Math.min(Number(range[2]) + 1, whole.length) : whole.length;
  let body = whole.subarray(start, end);
  if (fault !== undefined && 'change' in fault) body = fault.change(Buffer.from(body));
  response.writeHead(isPart ? 206 : 200, {
    etag,
    'content-length': String(body.length),
    ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${whole.length}` } : {}),
  });
  if (fault !== undefined && ('cutAfter' in fault || 'silentAfter' in fault)) {
    response.write(body.subarray(0, 'cutAfter' in fault ? fault.cutAfter : fault.silentAfter), () => {
      // What was written has to leave before the connection goes.
      if ('cutAfter' in fault) setTimeout(() => response.destroy(), 20);
    });
    return;
  }
  response.end(body);
}

/** A fresh stand-in for every test of the enclosing `describe` (or file). */
export function useDefinitionServer(): () => DefinitionServer {
  let server: DefinitionServer | undefined;
  beforeEach(async () => {
    server = new DefinitionServer();
    await server.start();
  });
  afterEach(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error('no test is running');
    return server;
  };
}
