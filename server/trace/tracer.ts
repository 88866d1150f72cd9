import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CLIENT, INTERNAL, now, parseTraceparent, SERVER, Span, type Attributes } from './span.ts';
import type { Sampler } from './sampler.ts';

/** Where ended spans go. */
export interface SpanSink {
  take(span: Span): void;
}

const around = new AsyncLocalStorage<Span>();

/** Makes spans of requests and of what they do. A server without one does none of this. */
export class Tracer {
  readonly #sink: SpanSink;
  readonly #sampler: Sampler;

  constructor(sink: SpanSink, sampler: Sampler) {
    this.#sink = sink;
    this.#sampler = sampler;
  }

  /** Does the work of a request within its span, which ends with the answer. */
  request(req: IncomingMessage, res: ServerResponse, work: () => void): void {
    const remote = parseTraceparent(header(req, 'traceparent'));
    if (!this.#sampler(remote)) {
      work();
      return;
    }
    const { method = '' } = req;
    const span = new Span(method, SERVER, remote, { 'http.request.method': method, 'url.path': pathOf(req) });
    res.once('close', () => {
      span.attributes['http.response.status_code'] = res.statusCode;
      if (!res.writableFinished) span.attributes['error.type'] = 'aborted';
      this.#end(span, res.statusCode >= 500);
    });
    around.run(span, work);
  }

  /** Work that nobody asked for by a request. */
  async root<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (!this.#sampler(undefined)) return work();
    return this.#within(new Span(name, INTERNAL, undefined), work);
  }

  /** A part of whatever is under way; only the work where nothing is, or where it is not to be seen. */
  async part<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const span = this.open(name, attributes);
    return span === undefined ? work() : this.#within(span, work);
  }

  /** A part that ends when `close` is called. */
  open(name: string, attributes: Attributes): Span | undefined {
    return around.getStore()?.child(name, CLIENT, attributes);
  }

  close(span: Span, error?: unknown): void {
    this.#end(span, error !== undefined, error);
  }

  async #within<T>(span: Span, work: () => Promise<T>): Promise<T> {
    try {
      const result = await around.run(span, work);
      this.#end(span, false);
      return result;
    } catch (error) {
      this.#end(span, true, error);
      throw error;
    }
  }

  #end(span: Span, failed: boolean, error?: unknown): void {
    span.end = now();
    span.failed = failed;
    if (error !== undefined) span.attributes['error.type'] = kindOf(error);
    this.#sink.take(span);
  }
}

/** Says which route the request that is under way came to: a pattern, never a name that a client chose. */
export function nameRequest(route: string): void {
  const span = around.getStore()?.root;
  if (span === undefined) return;
  span.name = `${String(span.attributes['http.request.method'])} ${route}`;
  span.attributes['http.route'] = route;
}

/** Counts what is too small for a span of its own. */
export function count(attribute: string, more: number): void {
  around.getStore()?.root.add(attribute, more);
}

/** A code or a class, and nothing of what the message says: it may name what is not for everybody. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Without the query, which may carry what is secret. */
function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
