import { randomBytes } from 'node:crypto';

/** What a span is of, in the numbers of OTLP. */
export const INTERNAL = 1;
export const SERVER = 2;
export const CLIENT = 3;
export type SpanKind = typeof INTERNAL | typeof SERVER | typeof CLIENT;

export type Attributes = Record<string, string | number | boolean>;

/** More spans of one trace than this tell nobody anything; the rest are counted. */
const MOST_CHILDREN = 200;

/** A piece of work with a beginning and an end, as OpenTelemetry has it. */
export class Span {
  readonly traceId: string;
  readonly spanId: string = randomBytes(8).toString('hex');
  readonly parentId: string | undefined;
  readonly kind: SpanKind;
  readonly start: number = now();
  readonly attributes: Attributes;
  readonly root: Span;
  name: string;
  end: number | undefined;
  failed = false;
  #children = 0;

  constructor(name: string, kind: SpanKind, from: Span | Remote | undefined, attributes: Attributes = {}) {
    this.name = name;
    this.kind = kind;
    this.attributes = attributes;
    this.traceId = from?.traceId ?? randomBytes(16).toString('hex');
    this.parentId = from?.spanId;
    this.root = from instanceof Span ? from.root : this;
  }

  /** A part of this; undefined where there are so many parts that they are only counted. */
  child(name: string, kind: SpanKind, attributes?: Attributes): Span | undefined {
    const { root } = this;
    root.#children += 1;
    if (root.#children <= MOST_CHILDREN) return new Span(name, kind, this, attributes);
    root.add('assay.spans.left_out', 1);
    return undefined;
  }

  /** Adds to a number that belongs to the whole of this. */
  add(attribute: string, more: number): void {
    this.attributes[attribute] = Number(this.attributes[attribute] ?? 0) + more;
  }
}

/** A span of who asks, by W3C Trace Context. */
export interface Remote {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** What a `traceparent` header says; undefined where it says nothing that can be used. */
export function parseTraceparent(header: string | undefined): Remote | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(header ?? '') ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Milliseconds since 1970, with what is below them. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
