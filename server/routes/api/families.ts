import { checkFamily, MAX_FAMILY_LENGTH } from '../../../lib/oci/name.ts';
import { FAMILY_PAGE, FAMILY_SHOWN } from '../../../lib/definition/schemas.ts';
import { text } from '../../../lib/encoding/schema.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { asked, LAST_NAME, N, pageLimit } from '../../openapi/parameters.ts';
import { behindName, nextLink } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { FAMILIES, FAMILY_ONE } from './paths.ts';

const QUERY = {
  prefix: {
    schema: text(),
    says: 'what names of families begin with',
    refuse: (message: string) => new OciError('page-invalid', message),
  },
  n: N,
  last: LAST_NAME,
};

export const families: Route = {
  name: 'families',
  method: 'GET',
  path: FAMILIES,
  api: {
    summary: 'Families with their newest versions and pins, by name',
    query: QUERY,
    answers: { 200: { says: 'a page of families', json: FAMILY_PAGE } },
  },
  async handle(ctx, { definitions }) {
    const { n, last, prefix: all = '' } = asked(ctx, QUERY);
    const [limit, prefix] = [pageLimit(n), all.slice(0, MAX_FAMILY_LENGTH)];
    const page = await definitions.versions.families(prefix, behindName(last, MAX_FAMILY_LENGTH), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { prefix, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

export const family: Route = {
  name: 'family',
  method: 'GET',
  path: FAMILY_ONE,
  api: {
    summary: 'One family',
    answers: { 200: { says: 'the family', json: FAMILY_SHOWN } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, { definitions }, [name = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.versions.family(checkFamily(name));
  },
};
