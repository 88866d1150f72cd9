import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { TAG_RULES } from '../../../lib/oci/tag-rules.ts';
import { jsonBody } from '../../json-body.ts';
import type { Route } from '../route.ts';
import { FAMILY_RULES } from './paths.ts';

const TAKES = { schema: TAG_RULES, what: 'a declaration of rules', maxBytes: 64 * 1024 };

export const familyRulesGet: Route = {
  name: 'family-rules',
  method: 'GET',
  path: FAMILY_RULES,
  api: {
    summary: 'What a family declares of its tags',
    answers: { 200: { says: 'the rules', json: TAG_RULES } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, { registry }, [family = '']) {
    ctx.body = await registry.families.rules(checkFamily(family));
  },
};

export const familyRulesPut: Route = {
  name: 'family-rules-put',
  method: 'PUT',
  path: FAMILY_RULES,
  api: {
    summary: 'Declares rules: tags of these patterns never move and are never deleted',
    takes: TAKES,
    answers: { 200: { says: 'the rules as they are kept', json: TAG_RULES } },
    refuses: ['rule-invalid'],
  },
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const rules = await jsonBody(ctx, app, TAKES);
    ctx.body = await app.registry.families.declare(family, rules, actorOf(ctx, app.identities));
  },
};
