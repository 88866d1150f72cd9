import type { Context } from 'koa';
import { PIN_NAME } from '../../lib/definition/pin-name.ts';
import { DIGEST, FAMILY } from '../../lib/definition/schemas.ts';
import { schemaFaults } from '../../lib/encoding/schema-check.ts';
import { integer, text, type JsonSchema, type Schema } from '../../lib/encoding/schema.ts';
import { OciError } from '../../lib/oci/oci-error.ts';
import { first } from '../query.ts';
import type { Parameter, Query } from './described.ts';

const LARGEST_PAGE = 1000;
const DIGITS = /^\d{1,15}$/;
const LONGEST_TOLD = 100;

/** What stands between braces in the paths of `routes/api/paths.ts`. */
export const PATH_PARAMETERS = {
  family: FAMILY,
  ref: text({ minLength: 1, description: 'a version, a pin, latest, or the digest of a version' }),
  pin: PIN_NAME,
  path: text({ minLength: 1, description: "the path of a file from the version's root" }),
  id: text({ minLength: 1, description: 'the id of a run, as its record has it' }),
  reviewer: text({ minLength: 1, description: 'the name of a reviewer' }),
  digest: DIGEST,
} satisfies Readonly<Record<string, JsonSchema>>;

/** How many entries of a list are wanted. */
export const N: Parameter<number> = {
  schema: integer({ minimum: 0, maximum: 999_999_999_999_999, description: 'a number of entries' }),
  says: `how many entries at most; pages never have more than ${LARGEST_PAGE}`,
  refuse: (message, n) => new OciError('page-invalid', message, { n }),
};

/** A place in a list that is a name, whichever it is. */
export const LAST_NAME: Parameter<string> = {
  schema: text(),
  says: 'the next of the page before: names behind this one',
  refuse: (message) => new OciError('page-invalid', message),
};

export function pageLimit(n: number | undefined, usual: number = LARGEST_PAGE): number {
  return Math.min(n || usual, LARGEST_PAGE);
}

export type Asked<Q extends Query> = {
  readonly [K in keyof Q]:
    | (Q[K] extends { readonly schema: Schema<infer T> } ? T : never)
    | (Q[K] extends { readonly needed: true } ? never : undefined);
};

/** What a query says, of each parameter the first that is given; throws what its parameter throws of another value. */
export function asked<Q extends Query>(ctx: Context, query: Q): Asked<Q> {
  const values = Object.entries(query).map(([name, parameter]) => [name, valueOf(ctx, name, parameter)] as const);
  return Object.fromEntries(values) as Asked<Q>;
}

function valueOf(ctx: Context, name: string, { schema, needed, refuse }: Query[string]): unknown {
  const given = first(ctx.query, name);
  if (given === undefined && needed === undefined) return undefined;
  const value = schema.type === 'integer' && given !== undefined && DIGITS.test(given) ? Number(given) : given;
  const [fault] = schemaFaults(schema, value);
  if (fault === undefined) return value;
  throw refuse(`${name} ${fault.message}`, (given ?? '').slice(0, LONGEST_TOLD));
}
