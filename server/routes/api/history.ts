import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import { EVENT_PAGE } from '../../../lib/definition/schemas.ts';
import { integer } from '../../../lib/encoding/schema.ts';
import { familyUnknown } from '../../../lib/oci/families.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { asked, N, pageLimit } from '../../openapi/parameters.ts';
import { nextLink } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { HISTORY } from './paths.ts';

const QUERY = {
  n: N,
  last: {
    schema: integer({ minimum: 0, maximum: 999_999_999_999_999, description: 'the number of an event' }),
    says: 'the next of the page before: events older than this one',
    refuse: (message: string) => new DefinitionError('event-page-invalid', message),
  },
};

export const history: Route = {
  name: 'history',
  method: 'GET',
  path: HISTORY,
  api: {
    summary: 'What happened in a family, the newest first',
    query: QUERY,
    answers: { 200: { says: 'a page of events', json: EVENT_PAGE } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, { definitions, registry }, [name = '']) {
    const family = checkFamily(name);
    if (!(await registry.families.exists(family))) throw familyUnknown(family);
    const { n, last } = asked(ctx, QUERY);
    const limit = pageLimit(n);
    const page = await definitions.events.page(family, last?.toFixed(), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};
