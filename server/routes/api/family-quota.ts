import { familyUnknown } from '../../../lib/oci/families.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import type { QuotaAnswer } from '../../../lib/oci/family-record.ts';
import { QUOTA_REQUEST, QUOTA_SHOWN } from '../../../lib/oci/quota.ts';
import type { Registry } from '../../../lib/oci/registry.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import type { Route } from '../route.ts';
import { FAMILY_QUOTA } from './paths.ts';

const TAKES = { schema: QUOTA_REQUEST, what: 'a quota', maxBytes: 4096 };

export const familyQuotaGet: Route = {
  name: 'family-quota',
  method: 'GET',
  path: FAMILY_QUOTA,
  api: {
    summary: 'How much a family may hold, and holds',
    answers: { 200: { says: 'the quota, and what is used of it', json: QUOTA_SHOWN } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, { registry }, [name = '']) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await stands(registry, checkFamily(name));
  },
};

export const familyQuotaPut: Route = {
  name: 'family-quota-put',
  method: 'PUT',
  path: FAMILY_QUOTA,
  api: {
    summary: 'Sets how much a family may hold; what is null or left out is not limited',
    takes: TAKES,
    answers: { 200: { says: 'the quota, and what is used of it', json: QUOTA_SHOWN } },
    refuses: ['name-unknown', 'quota-invalid'],
  },
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const quota = await jsonBody(ctx, app, TAKES);
    await app.registry.families.setQuota(family, quota, actorOf(ctx, app.identities));
    ctx.body = await stands(app.registry, family);
  },
};

async function stands({ families, quotas }: Registry, family: string): Promise<QuotaAnswer> {
  const record = await families.find(family);
  if (record === undefined) throw familyUnknown(family);
  const { bytes = null, versions = null } = record.quota ?? {};
  return { bytes, versions, used: await quotas.usage(family) };
}
