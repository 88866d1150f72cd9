import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import type { JsonSchema } from '../encoding/schema.ts';
import { secretsFound, secretsIn } from '../scrub/secrets-in.ts';
import type { Place } from './place.ts';

/** Looks at one value of a document. Everything that is wrong with it is said at its place; nothing is thrown. */
export type Check = (value: JsonValue, at: Place) => void;

/**
 * A check, and what it looks at as a schema for others to read: all that the check takes, the schema takes. What a schema
 * cannot say (a calendar, a normal form, one field beside another) the check alone knows.
 */
export type FieldCheck = Check & { readonly schema: JsonSchema };

export function fieldCheck(schema: JsonSchema, check: Check): FieldCheck {
  return Object.assign(check, { schema });
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with fields, of which some must be there. What is not known is nobody's fault. */
export function fields(checks: Readonly<Record<string, FieldCheck>>, needed: readonly string[] = []): FieldCheck {
  const properties = Object.fromEntries(Object.entries(checks).map(([name, { schema }]) => [name, schema]));
  const schema = { type: 'object', properties, required: needed, additionalProperties: true } as const;
  return fieldCheck(schema, (value, at) => {
    if (!isObject(value)) {
      at.add('is not an object');
      return;
    }
    for (const name of needed) if (!Object.hasOwn(value, name)) at.in(name).add('is missing');
    for (const [name, check] of Object.entries(checks)) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      if (field !== undefined) check(field, at.in(name));
    }
  });
}

/** An object whose names are somebody's choice. */
export function named(name: FieldCheck, check: FieldCheck, most: number): FieldCheck {
  const schema = { additionalProperties: check.schema, propertyNames: name.schema, maxProperties: most } as const;
  return fieldCheck({ type: 'object', ...schema }, (value, at) => {
    if (!isObject(value)) {
      at.add('is not an object');
      return;
    }
    const entries = Object.entries(value);
    if (entries.length > most) at.add(`has more than ${most} entries`);
    for (const [key, field] of entries.slice(0, most)) {
      name(key, at.in(key));
      check(field, at.in(key));
    }
  });
}

/** A list, in which no two items have the same of what `unique` names. */
export function list(check: FieldCheck, most: number, unique: string): FieldCheck {
  return fieldCheck({ type: 'array', items: check.schema, maxItems: most }, (value, at) => {
    if (!Array.isArray(value)) {
      at.add('is not a list');
      return;
    }
    if (value.length > most) at.add(`has more than ${most} items`);
    const seen = new Set<JsonValue>();
    for (const [index, item] of (value as readonly JsonValue[]).slice(0, most).entries()) {
      check(item, at.in(index));
      const name = isObject(item) ? item[unique] : undefined;
      if (typeof name !== 'string') continue;
      if (seen.has(name)) at.in(index, unique).add(`${quoted(name)} comes twice`);
      seen.add(name);
    }
  });
}

/** What a thing is called: one line that is the same however it was typed. */
export function name(longest: number): FieldCheck {
  return fieldCheck({ type: 'string', maxLength: longest, pattern: `^${TRIMMED}[^${CONTROLS}]+$` }, (value, at) => {
    if (typeof value !== 'string') at.add('is not a string');
    else if (value === '') at.add('is empty');
    else if (value.length > longest) at.add(`is longer than ${longest} characters`);
    else if (CONTROL.test(value)) at.add('holds a control character');
    else if (value.trim() !== value) at.add('begins or ends with a space');
    else if (value.normalize('NFC') !== value) at.add('is not in the normal form NFC');
  });
}

export function text(longest: number): FieldCheck {
  return fieldCheck({ type: 'string', maxLength: longest }, (value, at) => {
    if (typeof value !== 'string') at.add('is not a string');
    else if (value.length > longest) at.add(`is longer than ${longest} characters`);
  });
}

export function like(pattern: RegExp, message: string): FieldCheck {
  return fieldCheck({ type: 'string', pattern: pattern.source }, (value, at) => {
    if (typeof value !== 'string') at.add('is not a string');
    else if (!pattern.test(value)) at.add(`${quoted(value)} ${message}`);
  });
}

export function oneOf(...values: readonly (string | number | boolean | null)[]): FieldCheck {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return fieldCheck({ enum: values }, (value, at) => {
    if (!(values as readonly JsonValue[]).includes(value)) at.add(`is none of ${shown}`);
  });
}

export function integer(least: number, most: number): FieldCheck {
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  return fieldCheck({ type: 'integer', minimum: least, maximum: most }, (value, at) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      at.add(`is not an integer ${range}`);
  });
}

export function numberBetween(least: number, most: number): FieldCheck {
  return fieldCheck({ type: 'number', minimum: least, maximum: most }, (value, at) => {
    if (typeof value !== 'number' || value < least || value > most) at.add(`is not a number from ${least} to ${most}`);
  });
}

/** For what goes into the log. */
export const noSecret: FieldCheck = fieldCheck({}, (value, at) => {
  const kinds = typeof value === 'string' ? secretsIn(value) : [];
  if (kinds.length > 0) at.add(secretsFound(kinds));
});

/** Several, of which only one has something to say in its schema. */
export function all(...checks: readonly FieldCheck[]): FieldCheck {
  return fieldCheck(Object.assign({}, ...checks.map(({ schema }) => schema)) as JsonSchema, (value, at) => {
    for (const check of checks) check(value, at);
  });
}

/** For what may be unknown. */
export function orNull(check: FieldCheck): FieldCheck {
  return fieldCheck({ anyOf: [check.schema, { type: 'null' }] }, (value, at) => {
    if (value !== null) check(value, at);
  });
}

/** What somebody wrote, for a message: in quotes, and cut. */
export function quoted(value: string): string {
  return JSON.stringify(value.length <= LONGEST_QUOTED ? value : `${value.slice(0, LONGEST_QUOTED)}…`);
}

const LONGEST_QUOTED = 100;
const CONTROL = /\p{Cc}/u;
/** Neither begins nor ends with a space: what goes before a pattern. */
export const TRIMMED = '(?!\\s|[\\s\\S]*\\s$)';
/** `\\p{Cc}` for readers of schemas whose regular expressions have no such thing. */
export const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
