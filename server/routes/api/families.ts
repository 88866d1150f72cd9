import { checkFamily, MAX_FAMILY_LENGTH } from '../../../lib/oci/name.ts';
import { first, lastName, nextLink, pageSize } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { FAMILIES, FAMILY_ONE } from './paths.ts';

const LARGEST_PAGE = 1000;

/** Families with their newest versions, by name. */
export const families: Route = {
  name: 'families',
  method: 'GET',
  path: FAMILIES,
  async handle(ctx, { definitions }) {
    const limit = Math.min(pageSize(ctx.query) || LARGEST_PAGE, LARGEST_PAGE);
    const prefix = (first(ctx.query, 'prefix') ?? '').slice(0, MAX_FAMILY_LENGTH);
    const page = await definitions.versions.families(prefix, lastName(ctx.query, MAX_FAMILY_LENGTH), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { prefix, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

export const family: Route = {
  name: 'family',
  method: 'GET',
  path: FAMILY_ONE,
  async handle(ctx, { definitions }, [name = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.versions.family(checkFamily(name));
  },
};
