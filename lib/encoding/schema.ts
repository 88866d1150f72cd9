type Plain = string | number | boolean | null;

/** The part of JSON Schema (draft 2020-12) that is used here: plain data, which is shown as it is and checked by `schemaFaults`. */
export interface JsonSchema {
  /** The name under which it is shown once, wherever it is used. */
  readonly title?: string;
  /** What a value is, behind "is": `a Git object id`. It is what a refusal says, too. */
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly enum?: readonly Plain[];
  readonly anyOf?: readonly JsonSchema[];
  /** With the flag `u`, as the specification wants it. */
  readonly pattern?: string;
  /** In characters of Unicode, where JavaScript counts some twice. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly maxProperties?: number;
}

declare const OF: unique symbol;

/** A schema of just the values of a type: neither of a narrower nor of a wider one. */
export type Schema<T> = JsonSchema & { readonly [OF]?: (value: T) => T };

export type TypeOf<S> = S extends { readonly [OF]?: (value: infer T) => unknown } ? T : never;

type Text = Pick<JsonSchema, 'description' | 'pattern' | 'minLength' | 'maxLength'>;
type Range = Pick<JsonSchema, 'description' | 'minimum' | 'maximum'>;

interface Optional<T> {
  readonly optional: Schema<T>;
}

/** A schema for every field of a type, and `optional` for those that may be left out: the compiler tells which are missing. */
export type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Schema<T[K]>;
};

/** The same schema under a name, by which it is shown. */
export function named<T>(title: string, schema: Schema<T>, description?: string): Schema<T> {
  return { ...schema, title, ...(description === undefined ? {} : { description }) };
}

export function text(more: Text = {}): Schema<string> {
  return { type: 'string', ...more };
}

export function integer(more: Range = {}): Schema<number> {
  return { type: 'integer', ...more };
}

export function flag(description?: string): Schema<boolean> {
  return { type: 'boolean', ...(description === undefined ? {} : { description }) };
}

/** Whatever JSON can say. */
export function anything(description: string): Schema<unknown> {
  return { description };
}

export function oneOf<const T extends readonly Plain[]>(...values: T): Schema<T[number]> {
  return { enum: values };
}

export function orNull<T>(schema: Schema<T>): Schema<T | null> {
  return { anyOf: [schema, { type: 'null' }] };
}

export function anyOf<const S extends readonly JsonSchema[]>(...schemas: S): Schema<TypeOf<S[number]>> {
  return { anyOf: schemas };
}

export function list<T>(
  items: Schema<T>,
  more: Pick<JsonSchema, 'description' | 'maxItems'> = {},
): Schema<readonly T[]> {
  return { type: 'array', items, ...more };
}

/** An object whose names are somebody's choice. */
export function mapOf<T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { type: 'object', additionalProperties: values };
}

/** An object of these fields. Others are let pass: what is added later must not break who checks today. */
export function object<T>(fields: Fields<T>, more: Pick<JsonSchema, 'additionalProperties'> = {}): Schema<T> {
  const entries = Object.entries<Schema<unknown> | Optional<unknown>>(fields as never);
  const properties = entries.map(([name, field]) => [name, 'optional' in field ? field.optional : field] as const);
  const required = entries.filter(([, field]) => !('optional' in field)).map(([name]) => name);
  return { type: 'object', properties: Object.fromEntries(properties), required, ...more };
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}
