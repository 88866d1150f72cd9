import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import type { Route } from '../route.ts';

import { FAMILY_RULES } from './paths.ts';
const MAX_RULES_BYTES = 64 * 1024;

/** What a family declares of its tags. */
export const familyRulesGet: Route = {
  name: 'family-rules',
  method: 'GET',
  path: FAMILY_RULES,
  async handle(ctx, { registry }, [family = '']) {
    ctx.body = await registry.families.rules(checkFamily(family));
  },
};

/** Declares `{"immutable": ["v*"]}`: tags of these patterns never move and are never deleted. */
export const familyRulesPut: Route = {
  name: 'family-rules-put',
  method: 'PUT',
  path: FAMILY_RULES,
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const rules = await jsonBody(ctx, app, MAX_RULES_BYTES, 'a declaration of rules');
    ctx.body = await app.registry.families.declare(family, rules, actorOf(ctx, app.identities));
  },
};
