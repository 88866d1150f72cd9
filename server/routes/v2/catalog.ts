import { MAX_FAMILY_LENGTH } from '../../../lib/oci/name.ts';
import { lastName, nextLink, pageSize } from '../../query.ts';
import type { Route } from '../route.ts';
import { CATALOG } from './paths.ts';

/** Every repository by name. Not of the specification, but what clients of Docker's registry know. */
export const catalog: Route = {
  name: 'catalog',
  method: 'GET',
  path: CATALOG,
  async handle(ctx, { registry }) {
    const limit = pageSize(ctx.query);
    const found = limit === 0 ? [] : await registry.families.list(lastName(ctx.query, MAX_FAMILY_LENGTH), limit + 1);
    const repositories = found.slice(0, limit);
    if (found.length > limit) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: repositories.at(-1) }));
    ctx.body = { repositories };
  },
};
