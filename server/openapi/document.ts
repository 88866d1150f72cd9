import type { JsonSchema } from '../../lib/encoding/schema.ts';
import { integer, named, object, optional, text, anything } from '../../lib/encoding/schema.ts';
import type { Route } from '../routes/route.ts';
import { VERSION } from '../version.ts';
import { headOf, operationOf, tagOf, type DescribedRoute, type Operation, type ShownSchema } from './operation.ts';

/** An OpenAPI 3.1 document, as far as others here look into it. */
export interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly servers: readonly { readonly url: string }[];
  readonly components: { readonly schemas: Readonly<Record<string, ShownSchema>> };
}

const DESCRIPTION = [
  'Definitions, pins, runs and publication of an Assay server. Errors are application/problem+json with a stable code.',
  'A field that is added later is optional; none is taken away or changed. Every GET answers HEAD as well.',
  'The slashes of a family and of a path may stay as they are, or be escaped.',
].join(' ');

const TAGS: Readonly<Record<string, string>> = {
  audit: 'who changed what',
  families: 'what there is, and the rules of its tags',
  definitions: 'versions and what is in them; publishing',
  pins: 'the names that operators give to versions',
  history: 'what happened in a family',
  missing: 'which Git objects are still to be sent',
  diff: 'two versions compared',
  publication: 'snapshots on their way to readers',
  log: 'proofs; the log itself is at /log/ (docs/log.md)',
  runs: 'runs, their reviews, and what happened to them',
  media: 'the bytes that runs show',
};

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly about?: unknown;
  readonly requestId?: string;
}

const PROBLEM = named(
  'Problem',
  object<Problem>({
    type: text(),
    title: text(),
    status: integer(),
    code: text({ description: 'stable: what a program goes by' }),
    detail: text({ description: 'for people' }),
    about: optional(anything('for programs: what the refusal is about')),
    requestId: optional(text({ description: 'of trouble on the side of the server: where its log tells more' })),
  }),
  'what every refusal is (RFC 9457)',
);

/** All that is described of these routes. */
export function documentOf(routes: readonly Route[]): Document {
  const schemas: Named = new Map();
  const shown = (schema: JsonSchema): ShownSchema => withReferences(schema, schemas);
  shown(PROBLEM);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes.filter(isDescribed)) {
    const head = headOf(route, shown);
    const operations = (paths[route.path.template] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route, shown);
    if (head !== undefined) operations['head'] = head;
  }
  const tags = [...new Set(routes.filter(isDescribed).map(({ path }) => tagOf(path)))];
  const names = [...schemas.keys()].sort();
  return {
    openapi: '3.1.0',
    info: { title: 'Assay', version: VERSION, description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name, description: TAGS[name] ?? name })),
    paths,
    components: { schemas: Object.fromEntries(names.map((name) => [name, schemas.get(name)!.shown])) },
  };
}

function isDescribed(route: Route): route is DescribedRoute {
  return route.api !== undefined && 'template' in route.path;
}

type Named = Map<string, { readonly of: JsonSchema; readonly shown: ShownSchema }>;

/** A schema with a reference in the place of each that has a name; these are collected. */
function withReferences(schema: JsonSchema, schemas: Named): ShownSchema {
  const { title } = schema;
  if (title === undefined) return inner(schema, schemas);
  const known = schemas.get(title);
  if (known === undefined) {
    // None of them holds itself, so that it can be entered when it is done.
    schemas.set(title, { of: schema, shown: inner(schema, schemas) });
  } else if (known.of !== schema) {
    throw new Error(`two schemas are named ${title}`);
  }
  return { $ref: `#/components/schemas/${title}` };
}

function inner(schema: JsonSchema, schemas: Named): ShownSchema {
  const reference = (one: JsonSchema): ShownSchema => withReferences(one, schemas);
  const { items, properties, additionalProperties, anyOf, propertyNames } = schema;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, reference(field)] as const);
  return {
    ...schema,
    ...(items === undefined ? {} : { items: reference(items) }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: reference(additionalProperties) } : {}),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(reference) }),
    ...(propertyNames === undefined ? {} : { propertyNames: reference(propertyNames) }),
  };
}
