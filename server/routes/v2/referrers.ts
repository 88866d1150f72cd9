import { INDEX_MEDIA_TYPE } from '../../../lib/oci/manifest.ts';
import { checkDigest, checkFamily } from '../../../lib/oci/name.ts';
import { first, nextLink, pageSize } from '../../query.ts';
import type { Route } from '../route.ts';
import { REFERRERS } from './paths.ts';

/** end-12: the manifests that name a subject, as an index. A subject that nobody names, or that is not here, has none. */
export const referrers: Route = {
  name: 'referrers',
  method: 'GET',
  path: REFERRERS,
  async handle(ctx, { registry }, [family = '', digest = '']) {
    const subject = checkDigest(digest);
    const artifactType = first(ctx.query, 'artifactType') || undefined;
    const last = first(ctx.query, 'last');
    const size = first(ctx.query, 'n');
    const { descriptors, next } = await registry.referrers.list(checkFamily(family), subject, {
      limit: Math.max(1, pageSize(ctx.query)),
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(last === undefined ? {} : { last: checkDigest(last) }),
    });
    if (next !== undefined) ctx.set('Link', nextLink(ctx.path, { artifactType, n: size, last: next }));
    if (artifactType !== undefined) ctx.set('OCI-Filters-Applied', 'artifactType');
    ctx.body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_MEDIA_TYPE, manifests: descriptors });
    ctx.set('Content-Type', INDEX_MEDIA_TYPE);
  },
};
