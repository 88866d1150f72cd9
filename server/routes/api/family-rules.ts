import { checkFamily } from '../../../lib/oci/name.ts';
import { wholeBody } from '../../body.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';

const PATH = /^\/api\/v1\/families\/(.+)\/rules$/;
const MAX_RULES_BYTES = 64 * 1024;

/** What a family declares of its tags. */
export const familyRulesGet: Route = {
  name: 'family-rules',
  method: 'GET',
  path: PATH,
  async handle(ctx, { registry }, [family = '']) {
    ctx.body = await registry.families.rules(checkFamily(family));
  },
};

/** Declares `{"immutable": ["v*"]}`: tags of these patterns never move and are never deleted. */
export const familyRulesPut: Route = {
  name: 'family-rules-put',
  method: 'PUT',
  path: PATH,
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const body = await wholeBody(ctx.req, ctx.res, MAX_RULES_BYTES, app.bodyTimeoutMs, tooLarge);
    ctx.body = await app.registry.families.declare(family, parseJson(body));
  },
};

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new RequestError('json-invalid', 'the body is not JSON', { cause });
  }
}

function tooLarge(): RequestError {
  return new RequestError('body-too-large', `rules have at most ${MAX_RULES_BYTES} bytes`);
}
