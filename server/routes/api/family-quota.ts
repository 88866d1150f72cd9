import { familyUnknown } from '../../../lib/oci/families.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import type { Registry } from '../../../lib/oci/registry.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import type { Route } from '../route.ts';
import { FAMILY_QUOTA } from './paths.ts';

const MAX_QUOTA_BYTES = 4096;

/** How much a family may hold, and holds. */
export const familyQuotaGet: Route = {
  name: 'family-quota',
  method: 'GET',
  path: FAMILY_QUOTA,
  async handle(ctx, { registry }, [name = '']) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await stands(registry, checkFamily(name));
  },
};

/** `{"bytes": 10737418240, "versions": 100}`; what is null or left out is not limited. */
export const familyQuotaPut: Route = {
  name: 'family-quota-put',
  method: 'PUT',
  path: FAMILY_QUOTA,
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const quota = await jsonBody(ctx, app, MAX_QUOTA_BYTES, 'a quota');
    await app.registry.families.setQuota(family, quota, actorOf(ctx, app.identities));
    ctx.body = await stands(app.registry, family);
  },
};

async function stands({ families, quotas }: Registry, family: string): Promise<unknown> {
  const record = await families.find(family);
  if (record === undefined) throw familyUnknown(family);
  const { bytes = null, versions = null } = record.quota ?? {};
  return { bytes, versions, used: await quotas.usage(family) };
}
