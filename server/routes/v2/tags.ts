import { checkFamily, MAX_TAG_LENGTH } from '../../../lib/oci/name.ts';
import { lastName, nextLink, pageSize } from '../../query.ts';
import type { Route } from '../route.ts';
import { TAGS } from './paths.ts';

/** end-8: the tags of a repository, in the order of their bytes. */
export const tags: Route = {
  name: 'tags',
  method: 'GET',
  path: TAGS,
  async handle(ctx, { registry }, [family = '']) {
    const limit = pageSize(ctx.query);
    const { tags, more } = await registry.tags.list(checkFamily(family), lastName(ctx.query, MAX_TAG_LENGTH), limit);
    if (more) ctx.set('Link', nextLink(ctx.path, { n: String(limit), last: tags.at(-1) }));
    ctx.body = { name: family, tags };
  },
};
