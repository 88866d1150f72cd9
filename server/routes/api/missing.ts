import { isOid } from '../../../lib/git/oid.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { jsonBody } from '../../json-body.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { MISSING } from './paths.ts';

const MAX_OIDS = 100_000;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Which of these Git objects the family has not. What it has, it has with everything behind it, so who publishes a tree
 * need not ask for what is below one that is there.
 */
export const missing: Route = {
  name: 'missing',
  method: 'POST',
  path: MISSING,
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const oids = checkedOids(await jsonBody(ctx, app, MAX_BYTES, 'a question for objects'));
    const { objects } = app.definitions.repositoryToPush(family, { address: '' });
    const present = await objects.stat(oids);
    ctx.body = { missing: oids.filter((oid) => !present.has(oid)) };
  },
};

function checkedOids(value: unknown): string[] {
  const oids: unknown = typeof value === 'object' && value !== null && 'oids' in value ? value.oids : undefined;
  if (!Array.isArray(oids) || oids.length > MAX_OIDS || !oids.every((oid) => typeof oid === 'string' && isOid(oid))) {
    throw new RequestError('oids-invalid', `oids is a list of at most ${MAX_OIDS} Git object ids`);
  }
  return oids as string[];
}
