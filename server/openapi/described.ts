import type { JsonSchema, Schema } from '../../lib/encoding/schema.ts';
import type { TellableCode } from '../errors.ts';

/** What is said of a route in /openapi.json, from which its requests are checked as well. */
export interface Described {
  /** One line: what it does. */
  readonly summary: string;
  readonly more?: string;
  readonly query?: Query;
  readonly takes?: JsonBody | BytesBody;
  /** By status. */
  readonly answers: Readonly<Record<number, Answered>>;
  /** Codes that are not told already by the path, the query and the body (`document.ts` says which those are). */
  readonly refuses?: readonly TellableCode[];
}

export type Query = Readonly<Record<string, AnyParameter>>;

interface AnyParameter {
  readonly schema: JsonSchema;
  readonly says: string;
  readonly needed?: true;
  readonly refuse: (message: string, value: string) => Error;
}

/** A parameter of the query. A schema of integers is given digits. */
export interface Parameter<T> extends AnyParameter {
  readonly schema: Schema<T>;
}

/** A body of JSON, as it is named to who sends too much of it. */
export interface JsonBody {
  readonly schema: JsonSchema;
  readonly what: string;
  readonly maxBytes: number;
  readonly refuse?: (message: string) => Error;
}

/** One that the schema alone judges. */
export interface CheckedBody<T> extends JsonBody {
  readonly schema: Schema<T>;
  readonly refuse: (message: string) => Error;
}

/** A body of other bytes. */
export interface BytesBody {
  readonly mediaType: string;
  readonly says: string;
  /** What is JSON in it, if anything is. */
  readonly holds?: JsonSchema;
}

/** An answer: JSON, bytes, or nothing at all. */
export type Answered =
  { readonly says: string; readonly json: JsonSchema; readonly etag?: true } | BytesAnswer | { readonly says: string };

/** Bytes that never change under their ETag: they come in ranges, to HEAD, and not to who has them. */
export interface BytesAnswer {
  readonly says: string;
  readonly bytes: readonly string[];
  /** What they are, where they are JSON. */
  readonly schema?: JsonSchema;
}
