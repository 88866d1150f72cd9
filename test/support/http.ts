import { request, type Agent, type ClientRequest, type IncomingHttpHeaders } from 'node:http';

export type Body = Uint8Array | AsyncIterable<Uint8Array>;

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Bytes go out with their Content-Length, pieces with chunked transfer encoding. */
  readonly body?: Body;
  /** Without one every request has a connection of its own. */
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One request through node:http, which sends what it is told: `fetch` would follow redirects, add headers and hide
 * lengths. An answer that comes before the body is out counts; what then breaks on the way of the body does not.
 */
export async function send(method: string, url: string, options: RequestOptions = {}): Promise<Reply> {
  const { hostname, port, pathname, search } = new URL(url);
  return sendTo({ hostname, port: Number(port) }, method, pathname + search, options);
}

/**
 * The same with the request target as it is written: a URL would resolve its dots and escape its odd characters. An answer of
 * the API that is not as /openapi.json describes it is a failure of the test that got it.
 */
export async function sendTo(
  to: { readonly hostname: string; readonly port: number },
  method: string,
  target: string,
  options: RequestOptions = {},
): Promise<Reply> {
  const reply = await exchange(to, method, target, options);
  if (target.startsWith('/api/v1/')) {
    // Few tests need it, and it takes a moment.
    const { exchangeFault, HOW } = await import('./described.ts');
    const { status, body } = reply;
    const fault = exchangeFault({ method, target, status, contentType: header(reply, 'content-type'), body });
    if (fault !== undefined) throw new Error(`${method} ${target}: ${fault}\n${HOW}`);
  }
  return reply;
}

function exchange(
  to: { readonly hostname: string; readonly port: number },
  method: string,
  target: string,
  options: RequestOptions,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const outgoing = request({
      ...to,
      method,
      path: target,
      headers: headersOf(options),
      agent: options.agent ?? false,
    });
    outgoing.on('error', (error) => {
      if (!answered) reject(error);
    });
    outgoing.once('response', (incoming) => {
      answered = true;
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(pieces) }),
      );
    });
    void writeBody(outgoing, options.body);
  });
}

function headersOf(options: RequestOptions): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  if (options.body instanceof Uint8Array) headers['Content-Length'] ??= String(options.body.length);
  return headers;
}

async function writeBody(outgoing: ClientRequest, body: Body | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  for await (const piece of body) outgoing.write(piece);
  outgoing.end();
}

export function textOf(reply: Reply): string {
  return reply.body.toString('utf8');
}

export function jsonOf(reply: Reply): unknown {
  return JSON.parse(textOf(reply));
}

export function header(reply: Reply, name: string): string | undefined {
  const value = reply.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The target of the `Link` header with `rel="next"`, if there is one (RFC 8288). */
export function nextLink(reply: Reply): string | undefined {
  return /<([^>]*)>\s*;\s*rel="?next"?/.exec(header(reply, 'link') ?? '')?.[1];
}
