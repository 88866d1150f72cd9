import { checkFamily, MAX_TAG_LENGTH } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import { lastName, nextLink, pageSize } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { DEFINITION, DEFINITIONS, STATEMENTS } from './paths.ts';

const LARGEST_PAGE = 1000;
const MAX_STATEMENT_BYTES = 64 * 1024;

/** The versions of a family, by the bytes of their names. */
export const definitions: Route = {
  name: 'definitions',
  method: 'GET',
  path: DEFINITIONS,
  async handle(ctx, app, [family = '']) {
    const limit = Math.min(pageSize(ctx.query) || LARGEST_PAGE, LARGEST_PAGE);
    const page = await app.definitions.versions.page(checkFamily(family), lastName(ctx.query, MAX_TAG_LENGTH), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

/** What a version, a pin or a digest stands for. */
export const definition: Route = {
  name: 'definition',
  method: 'GET',
  path: DEFINITION,
  async handle(ctx, app, [family = '', ref = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await app.definitions.versions.resolve(checkFamily(family), ref);
  },
};

/** An erratum, or that a version is retired or restored: said beside it, and changing nothing of it. */
export const statements: Route = {
  name: 'statements',
  method: 'POST',
  path: STATEMENTS,
  async handle(ctx, app, [family = '', ref = '']) {
    const statement = await jsonBody(ctx, app, MAX_STATEMENT_BYTES, 'a statement');
    ctx.status = 201;
    ctx.body = await app.definitions.statements.add(checkFamily(family), ref, statement, actorOf(ctx, app.identities));
  },
};
