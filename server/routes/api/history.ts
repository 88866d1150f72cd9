import { familyUnknown } from '../../../lib/oci/families.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { first, nextLink, pageSize } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { HISTORY } from './paths.ts';

const LARGEST_PAGE = 1000;

/** What happened in a family, the newest first. */
export const history: Route = {
  name: 'history',
  method: 'GET',
  path: HISTORY,
  async handle(ctx, { definitions, registry }, [name = '']) {
    const family = checkFamily(name);
    if (!(await registry.families.exists(family))) throw familyUnknown(family);
    const limit = Math.min(pageSize(ctx.query) || LARGEST_PAGE, LARGEST_PAGE);
    const page = await definitions.events.page(family, first(ctx.query, 'last'), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};
