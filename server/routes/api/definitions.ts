import { STATEMENT_REQUEST, VERSION, VERSION_PAGE } from '../../../lib/definition/schemas.ts';
import { checkFamily, MAX_TAG_LENGTH } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import { asked, LAST_NAME, N, pageLimit } from '../../openapi/parameters.ts';
import { behindName, nextLink } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { DEFINITION, DEFINITIONS, STATEMENTS } from './paths.ts';

const QUERY = { n: N, last: LAST_NAME };
const TAKES = { schema: STATEMENT_REQUEST, what: 'a statement', maxBytes: 64 * 1024 };

export const definitions: Route = {
  name: 'definitions',
  method: 'GET',
  path: DEFINITIONS,
  api: {
    summary: 'The versions of a family, by the bytes of their names',
    query: QUERY,
    answers: { 200: { says: 'a page of versions', json: VERSION_PAGE } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, app, [family = '']) {
    const { n, last } = asked(ctx, QUERY);
    const limit = pageLimit(n);
    const page = await app.definitions.versions.page(checkFamily(family), behindName(last, MAX_TAG_LENGTH), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

export const definition: Route = {
  name: 'definition',
  method: 'GET',
  path: DEFINITION,
  api: {
    summary: 'What a version, a pin or a digest stands for',
    answers: { 200: { says: 'the version', json: VERSION } },
    refuses: ['name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', ref = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await app.definitions.versions.resolve(checkFamily(family), ref);
  },
};

export const statements: Route = {
  name: 'statements',
  method: 'POST',
  path: STATEMENTS,
  api: {
    summary: 'Says an erratum of a version, or that it is retired or restored; nothing of the version changes',
    takes: TAKES,
    answers: { 201: { says: 'the version with what is said of it', json: VERSION } },
    refuses: ['name-unknown', 'version-removed', 'version-unknown', 'secret-found', 'statement-invalid'],
  },
  async handle(ctx, app, [family = '', ref = '']) {
    const statement = await jsonBody(ctx, app, TAKES);
    ctx.status = 201;
    ctx.body = await app.definitions.statements.add(checkFamily(family), ref, statement, actorOf(ctx, app.identities));
  },
};
