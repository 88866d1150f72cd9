import { keyPath } from './key-path.ts';
import type { JsonSchema, Schema } from './schema.ts';

/** What is wrong with a value, and where. */
export interface SchemaFault {
  /** `source.commit`, `oids[3]`; empty for the value itself. */
  readonly path: string;
  /** `is a Git object id, not "x"`: what the schema says that it is, and is not. */
  readonly message: string;
}

/** Who has more to mend than this begins with these. */
const MOST_FAULTS = 100;
const LONGEST_PATH = 300;
const LONGEST_QUOTED = 100;

/** Everything in which a value is not as its schema says. */
export function schemaFaults(schema: JsonSchema, value: unknown): SchemaFault[] {
  const faults: SchemaFault[] = [];
  walk(schema, value, [], faults);
  return faults;
}

/** The value, as what its schema says that it is; throws what `refuse` makes of the first fault. `what` names the value. */
export function conforming<T>(schema: Schema<T>, value: unknown, what: string, refuse: (message: string) => Error): T {
  const faults = schemaFaults(schema, value);
  if (faults[0] === undefined) return value as T;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
  throw refuse(`${faults[0].path === '' ? what : faults[0].path} ${faults[0].message}${more}`);
}

type Step = string | number;

function walk(schema: JsonSchema, value: unknown, steps: readonly Step[], faults: SchemaFault[]): void {
  if (faults.length >= MOST_FAULTS) return;
  if (isOtherwise(schema, value)) {
    faults.push({ path: pathOf(steps), message: `is ${saidOf(schema)}${found(value)}` });
  } else if (Array.isArray(value) && schema.items !== undefined) {
    for (const [index, item] of value.entries()) walk(schema.items, item, [...steps, index], faults);
  } else if (isObject(value)) {
    walkObject(schema, value, steps, faults);
  }
}

function walkObject(
  { properties = {}, required = [], additionalProperties = true, propertyNames }: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  steps: readonly Step[],
  faults: SchemaFault[],
): void {
  for (const name of required) {
    const missing = properties[name];
    if (!Object.hasOwn(value, name))
      faults.push({
        path: pathOf([...steps, name]),
        message: missing === undefined ? 'is missing' : `is ${saidOf(missing)}`,
      });
  }
  for (const [name, field] of Object.entries(value)) {
    const inner = [...steps, name];
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) walk(known, field, inner, faults);
    else if (additionalProperties === false)
      faults.push({ path: pathOf(steps), message: `has no field ${quoted(name)}` });
    else if (additionalProperties !== true) walk(additionalProperties, field, inner, faults);
    if (propertyNames !== undefined) walk(propertyNames, name, inner, faults);
    if (faults.length >= MOST_FAULTS) return;
  }
}

/** Whether a value is not what the schema says, before anybody looks into it. */
function isOtherwise(schema: JsonSchema, value: unknown): boolean {
  const { type, anyOf } = schema;
  if (schema.enum?.every((one) => one !== value) === true) return true;
  if (anyOf?.every((one) => schemaFaults(one, value).length > 0) === true) return true;
  if (type !== undefined && !TYPES[type](value)) return true;
  if (typeof value === 'string') return isOtherText(schema, value);
  if (typeof value === 'number') return value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity);
  if (Array.isArray(value)) return value.length > (schema.maxItems ?? Infinity);
  return isObject(value) && schema.maxProperties !== undefined && Object.keys(value).length > schema.maxProperties;
}

const TYPES: Readonly<Record<NonNullable<JsonSchema['type']>, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

function isOtherText({ pattern, minLength = 0, maxLength = Infinity }: JsonSchema, value: string): boolean {
  if (value.length > 2 * maxLength) return true;
  // Only what is long in units may be too long in characters, and only what is short in units too short.
  const length = value.length > maxLength || value.length < 2 * minLength ? Array.from(value).length : value.length;
  return length > maxLength || length < minLength || (pattern !== undefined && !compiled(pattern).test(value));
}

const patterns = new Map<string, RegExp>();

/** Schemas are few, and written here. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern, 'u');
  patterns.set(pattern, known);
  return known;
}

/** What a value is, in words. */
export function saidOf(schema: JsonSchema): string {
  const { description, type, anyOf, maxLength, minimum, maximum, maxItems } = schema;
  if (description !== undefined) return description;
  if (schema.enum !== undefined) return `${schema.enum.length > 1 ? 'one of ' : ''}${schema.enum.join(', ')}`;
  if (anyOf !== undefined) return anyOf.map(saidOf).join(' or ');
  if (type === 'string') return `text${maxLength === undefined ? '' : ` of at most ${maxLength} characters`}`;
  if (type === 'integer' || type === 'number')
    return `${type === 'integer' ? 'an integer' : 'a number'}${minimum === undefined ? '' : ` from ${minimum}`}${maximum === undefined ? '' : ` to ${maximum}`}`;
  if (type === 'array') return `a list${maxItems === undefined ? '' : ` of at most ${maxItems}`}`;
  return type === undefined ? 'something else' : WORDS[type];
}

const WORDS = { object: 'a JSON object', boolean: 'true or false', null: 'null' } as const;

/** What stands there instead, where that can be shown. */
function found(value: unknown): string {
  if (typeof value === 'string') return `, not ${quoted(value)}`;
  return typeof value === 'number' || typeof value === 'boolean' ? `, not ${value}` : '';
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= LONGEST_QUOTED ? text : `${text.slice(0, LONGEST_QUOTED)}…`);
}

function pathOf(steps: readonly Step[]): string {
  const path = keyPath(steps);
  return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
