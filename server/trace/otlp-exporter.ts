import type { Span } from './span.ts';
import type { SpanSink } from './tracer.ts';

export interface OtlpOptions {
  /** Takes OTLP over HTTP in JSON. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Who sends: `service.name` and the like. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  /** Told at most once a minute, of spans that could not be delivered. */
  readonly onLost: (count: number, error: unknown) => void;
}

const BATCH = 512;
const MOST_WAITING = 4096;
const EVERY_MS = 2_000;
const ANSWER_MS = 10_000;
/** So long an ending server waits for the collector. */
const LAST_MS = 3_000;
const TOLD_EVERY_MS = 60_000;

/** Sends spans in batches. A collector that is slow or away costs spans, and never a request its time. */
export class OtlpExporter implements SpanSink {
  readonly #options: OtlpOptions;
  #waiting: Span[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #lost = 0;
  readonly #end = new AbortController();
  #told = Number.NEGATIVE_INFINITY;

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  take(span: Span): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lose(1, new Error('the collector is slower than the spans come'));
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= BATCH) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), EVERY_MS).unref();
  }

  /** Sends what is there, if the collector takes it soon; for the end. */
  async close(): Promise<void> {
    const patience = setTimeout(() => this.#end.abort(), LAST_MS);
    await this.#sending;
    this.#begin();
    await this.#sending;
    clearTimeout(patience);
    if (this.#lost > 0) this.#options.onLost(this.#lost, new Error('the server ended'));
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, BATCH);
      try {
        await this.#send(spans);
      } catch (error) {
        this.#lose(spans.length, error);
        return;
      }
    }
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { url, headers } = this.#options;
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(this.#request(spans)),
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), this.#end.signal]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the collector answered ${response.status}`);
  }

  #request(spans: readonly Span[]): unknown {
    const { resource, version } = this.#options;
    const scopeSpans = [{ scope: { name: 'assay', version }, spans: spans.map(spanJson) }];
    return { resourceSpans: [{ resource: { attributes: attributesJson(resource) }, scopeSpans }] };
  }

  #lose(count: number, error: unknown): void {
    this.#lost += count;
    const at = performance.now();
    if (at - this.#told < TOLD_EVERY_MS) return;
    this.#told = at;
    this.#options.onLost(this.#lost, error);
    this.#lost = 0;
  }
}

const STATUS_ERROR = 2;

function spanJson(span: Span): unknown {
  const { traceId, spanId, parentId, name, kind, start, end = start, attributes, failed } = span;
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributesJson(attributes),
    status: failed ? { code: STATUS_ERROR } : {},
  };
}

function attributesJson(attributes: Readonly<Record<string, string | number | boolean>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: string | number | boolean): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** As text, since the number has more digits than JSON's readers keep. */
function nanoseconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.floor((milliseconds - whole) * 1_000_000)));
}
