import type { JsonSchema } from '../../lib/encoding/schema.ts';
import { answerTo, statusOf, TROUBLES, type TellableCode } from '../errors.ts';
import type { ApiPath } from '../routes/api/paths.ts';
import type { Route } from '../routes/route.ts';
import type { Answered, BytesAnswer, Described, JsonBody } from './described.ts';
import { PATH_PARAMETERS } from './parameters.ts';

/** A route that is described, at a path that has a template. */
export type DescribedRoute = Route & { readonly path: ApiPath; readonly api: Described };

/** A schema as it stands in the document: a reference, where it has a name. */
export interface ShownSchema extends JsonSchema {
  readonly $ref?: string;
  readonly contentMediaType?: string;
  readonly contentSchema?: ShownSchema;
  readonly allOf?: readonly ShownSchema[];
}
export type Show = (schema: JsonSchema) => ShownSchema;

/** A parameter, a body, an answer and an operation of OpenAPI 3.1, as far as they are used. */
export interface ShownParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: true;
  readonly description: string;
  readonly schema: ShownSchema;
}
export interface ShownBody {
  readonly description: string;
  readonly required?: true;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly content?: Readonly<Record<string, { readonly schema?: ShownSchema }>>;
}
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly ShownParameter[];
  readonly requestBody?: ShownBody;
  readonly responses: Readonly<Record<string, ShownBody>>;
}

/** What every request can be told, whichever it is. */
const OF_ANY: readonly TellableCode[] = ['request-malformed', 'headers-too-large', 'host-foreign'];
const OF_WRITES: readonly TellableCode[] = ['origin-foreign'];
/** What is no name of a family, and an @ in it makes another path of it. */
const OF_FAMILIES: readonly TellableCode[] = ['name-invalid', 'path-unknown'];
/** Troubles of who writes alone. */
const REFUSED_WRITES: readonly string[] = ['read-only', 'no-room'];
const OF_BODIES: readonly TellableCode[] = ['body-too-slow'];
const OF_JSON: readonly TellableCode[] = ['body-too-large', 'json-invalid'];

const TEXT = { type: 'string' } as const;

/** Names of the groups of a path, in their order. */
export function groupsOf({ template }: ApiPath): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

export function operationOf(route: DescribedRoute, shown: Show): Operation {
  const { api, name, path } = route;
  return {
    operationId: name,
    tags: [tagOf(path)],
    summary: api.summary,
    ...(api.more === undefined ? {} : { description: api.more }),
    parameters: parametersOf(route, shown),
    ...(api.takes === undefined ? {} : { requestBody: bodyOf(api.takes, shown) }),
    responses: { ...answersOf(api, shown), ...refusalsOf(route) },
  };
}

/** The same without bodies: every GET answers HEAD, and of bytes that is worth saying. */
export function headOf(route: DescribedRoute, shown: Show): Operation | undefined {
  if (!Object.values(route.api.answers).some(isBytes)) return undefined;
  const { responses, ...operation } = operationOf(route, shown);
  const kept = Object.entries(responses).filter(([status]) => !['206', '416'].includes(status));
  const heads = kept.map(([status, { content: _content, ...head }]) => [status, head] as const);
  return {
    ...operation,
    operationId: `${route.name}-head`,
    summary: `${operation.summary}: the head alone`,
    responses: Object.fromEntries(heads),
  };
}

/** The first part of a path behind /api/v1, by which operations are grouped. */
export function tagOf({ template }: ApiPath): string {
  return template.split('/')[3] ?? '';
}

function parametersOf({ api, method, path }: DescribedRoute, shown: Show): ShownParameter[] {
  const known: Readonly<Record<string, JsonSchema>> = PATH_PARAMETERS;
  const groups = groupsOf(path).map((name) => {
    const schema = known[name];
    if (schema === undefined) throw new Error(`${path.template}: {${name}} is not in server/openapi/parameters.ts`);
    return parameter('path', name, schema, schema.description ?? '', true, shown);
  });
  const query = Object.entries(api.query ?? {}).map(([name, { schema, says, needed }]) =>
    parameter('query', name, schema, says, needed === true, shown),
  );
  const isCached = Object.values(api.answers).some((one) => isBytes(one) || ('etag' in one && one.etag));
  const headers = [
    ...(method === 'GET'
      ? []
      : [['Assay-Actor', 'who does it: a name of at most 200 characters, which nobody checks']]),
    ...(isCached ? [['If-None-Match', 'an ETag: where it is that of the answer, there is no need for a body']] : []),
    ...(Object.values(api.answers).some(isBytes)
      ? [
          ['Range', 'bytes=<first>-<last>'],
          ['If-Range', 'an ETag'],
        ]
      : []),
  ].map(([name = '', says = '']) => parameter('header', name, TEXT, says, false, shown));
  return [...groups, ...query, ...headers];
}

function parameter(
  place: ShownParameter['in'],
  name: string,
  schema: JsonSchema,
  says: string,
  required: boolean,
  shown: Show,
): ShownParameter {
  return { name, in: place, ...(required ? { required } : {}), description: says, schema: shown(schema) };
}

function bodyOf(takes: NonNullable<Described['takes']>, shown: Show): ShownBody {
  if (isJson(takes)) {
    const description = `${takes.what}, of at most ${takes.maxBytes} bytes`;
    return { required: true, description, content: { 'application/json': { schema: shown(takes.schema) } } };
  }
  const { mediaType, says, holds } = takes;
  const schema =
    holds === undefined ? {} : { schema: { contentMediaType: 'application/json', contentSchema: shown(holds) } };
  return { required: true, description: says, content: { [mediaType]: schema } };
}

function answersOf({ answers }: Described, shown: Show): Record<string, ShownBody> {
  const told: Record<string, ShownBody> = {};
  for (const [status, answer] of Object.entries(answers)) {
    told[status] = answerOf(answer, shown);
    if (isBytes(answer)) told['206'] = answerOf({ says: 'the range that was asked for', bytes: answer.bytes }, shown);
    if (isBytes(answer) || ('etag' in answer && answer.etag))
      told['304'] = { description: 'the client has it already' };
  }
  return told;
}

function answerOf(answer: Answered, shown: Show): ShownBody {
  const etag = { headers: { ETag: { description: 'names the content', schema: TEXT } } };
  if (isBytes(answer)) {
    const schema = answer.schema === undefined ? {} : { schema: shown(answer.schema) };
    const content = Object.fromEntries(answer.bytes.map((type) => [type, schema]));
    return { description: answer.says, ...etag, content };
  }
  if (!('json' in answer)) return { description: answer.says };
  const link = { headers: { Link: { description: 'the next page, rel="next"', schema: TEXT } } };
  const isPage = answer.json.properties?.['next'] !== undefined;
  const content = { 'application/json': { schema: shown(answer.json) } };
  return { description: answer.says, ...(isPage ? link : {}), ...(answer.etag ? etag : {}), content };
}

function refusalsOf(route: DescribedRoute): Record<string, ShownBody> {
  const codes = codesOf(route);
  const statuses = Object.keys(codes).sort();
  return Object.fromEntries(statuses.map((status) => [status, refusal(status, codes[status] ?? [])]));
}

function refusal(status: string, codes: readonly string[]): ShownBody {
  const coded = { type: 'object', properties: { code: { enum: codes } } } as const;
  const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, coded] };
  const retry = { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } as const } };
  return {
    description: codes.join(', '),
    ...(status === '503' || status === '429' ? { headers: retry } : {}),
    content: { 'application/problem+json': { schema } },
  };
}

/** Every code that a route can answer with, by status. */
function codesOf({ api, method, path, work }: DescribedRoute): Record<string, string[]> {
  const { query = {}, takes, answers, refuses = [] } = api;
  const told = Object.values(query).map(({ refuse }) => refuse('', ''));
  if (takes !== undefined && isJson(takes) && takes.refuse !== undefined) told.push(takes.refuse(''));
  const codes: TellableCode[] = [
    ...OF_ANY,
    ...(method === 'GET' ? [] : OF_WRITES),
    ...(groupsOf(path).includes('family') ? OF_FAMILIES : []),
    ...(takes === undefined ? [] : OF_BODIES),
    ...(takes !== undefined && isJson(takes) ? OF_JSON : []),
    ...(Object.values(answers).some(isBytes) ? (['range-unsatisfiable'] as const) : []),
    ...(work === undefined ? [] : (['too-many-requests'] as const)),
    ...refuses,
  ];
  const pairs = [
    ...codes.map((code) => [statusOf(code), code] as const),
    ...told.map(answerTo).map(({ status, code }) => [status, code] as const),
    ...TROUBLES.filter(([, code]) => method !== 'GET' || !REFUSED_WRITES.includes(code)),
  ];
  const byStatus: Record<string, string[]> = {};
  for (const [status, code] of pairs) byStatus[status] = [...new Set([...(byStatus[status] ?? []), code])].sort();
  return byStatus;
}

function isJson(takes: NonNullable<Described['takes']>): takes is JsonBody {
  return 'schema' in takes;
}

function isBytes(answer: Answered): answer is BytesAnswer {
  return 'bytes' in answer;
}
