import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../../lib/encoding/schema.ts';
import { documentOf, type Document } from '../../server/openapi/document.ts';
import type { Operation, ShownSchema } from '../../server/openapi/operation.ts';
import { ROUTES } from '../../server/routes/router.ts';

/** What /openapi.json says of this source, read by a validator that is not ours. */
export const DOCUMENT: Document = documentOf(ROUTES);

/** How to mend what a test of the description finds. */
export const HOW =
  'CONTRIBUTING.md tells how a route is described ("How to add a route"): its path comes from apiPath() in ' +
  'server/routes/api/paths.ts, and `api` of the route says its query, its body, its answers and the codes that it refuses with.';

export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

interface Found {
  readonly operation: Operation;
  readonly template: string;
  readonly groups: Readonly<Record<string, string>>;
}

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, unicodeRegExp: true });
ajv.addVocabulary(['components']);
ajv.addSchema({ $id: 'assay', components: { schemas: closed(DOCUMENT.components.schemas) } });

/** In what an exchange is not as the document says; undefined where nothing is said of such a path. */
export function exchangeFault({ method, target, status, contentType, body }: Exchange): string | undefined {
  const found = operationAt(method, target) ?? (method === 'HEAD' ? operationAt('GET', target) : undefined);
  if (found === undefined) return undefined;
  const { operationId, responses } = found.operation;
  const told = responses[String(status)];
  if (told === undefined) return `${operationId} does not say that it may answer ${status}: ${text(body)}`;
  const type = contentType?.split(';')[0];
  if (method === 'HEAD' || told.content === undefined) {
    return body.length === 0 ? undefined : `${operationId} answers ${status} with a body, and does not say so`;
  }
  if (type === undefined || !(type in told.content)) return `${operationId} answers ${status} of type ${type}`;
  const schema = told.content[type]?.schema;
  if (schema === undefined) return undefined;
  const faults = faultsUnder(schema, JSON.parse(Buffer.from(body).toString('utf8')));
  return faults === undefined ? undefined : `${operationId} answers ${status} otherwise: ${faults}\n${text(body)}`;
}

const TEMPLATES = Object.entries(DOCUMENT.paths)
  .map(([template, operations]) => ({ template, operations, pattern: patternOf(template) }))
  .sort((one, other) => literal(other.template) - literal(one.template));

/** The operation that a request is for: where several paths fit, the one that says most of it. */
export function operationAt(method: string, target: string): Found | undefined {
  const [path = ''] = target.split('?');
  for (const { template, operations, pattern } of TEMPLATES) {
    const operation = operations[method.toLowerCase()];
    const match = operation === undefined ? null : pattern.exec(path);
    if (operation !== undefined && match !== null) return { operation, template, groups: decoded(match.groups ?? {}) };
  }
  return undefined;
}

/** What ajv finds wrong with a value under a schema of the document. */
export function faultsUnder(schema: ShownSchema, value: unknown): string | undefined {
  // Most refusals have a schema of their own, of parts that they share: compiling is what takes time.
  const { allOf, ...own } = schema;
  for (const part of allOf ?? [own]) {
    const validate = validatorOf(part);
    if (!validate(value)) return ajv.errorsText(validate.errors);
  }
  return undefined;
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  const key = JSON.stringify(schema).replaceAll('"#/components', '"assay#/components');
  const known = validators.get(key) ?? ajv.compile(JSON.parse(key) as object);
  validators.set(key, known);
  return known;
}

function patternOf(template: string): RegExp {
  const pattern = template.replaceAll('@', '(?:@|%40)').replace(/\{(\w+)\}/g, (_, name: string) => {
    const group = name === 'family' ? '[^@]+' : name === 'path' ? '.+' : '[^/]+';
    return `(?<${name}>${group})`;
  });
  return new RegExp(`^${pattern}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch {
        return [name, value];
      }
    }),
  );
}

function literal(template: string): number {
  return template.replace(/\{\w+\}/g, '').length;
}

function text(body: Uint8Array): string {
  return Buffer.from(body).toString('utf8').slice(0, 2000);
}

/** The same with no field but those that are named: the document lets others pass for the sake of later versions, a test does not. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).map(([name, value]) => [name, closed(value)] as const);
  const { type, properties, additionalProperties } = schema as JsonSchema;
  const isOpen = type === 'object' && typeof properties === 'object' && additionalProperties === undefined;
  const shown = members.map(([name, value]) =>
    name === '$ref' ? [name, String(value).replace('#', 'assay#')] : [name, value],
  );
  return { ...Object.fromEntries(shown), ...(isOpen ? { additionalProperties: false } : {}) };
}
