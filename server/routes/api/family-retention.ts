import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import { RETENTION_REPORT, RETENTION_REQUEST } from '../../../lib/definition/schemas.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { retain } from '../../../lib/upkeep/retention/retention.ts';
import { actorOf } from '../../actor.ts';
import { checkedBody } from '../../json-body.ts';
import type { Route } from '../route.ts';
import { FAMILY_RETENTION } from './paths.ts';

const TAKES = {
  schema: RETENTION_REQUEST,
  what: 'a retention',
  maxBytes: 4096,
  refuse: (message: string) => new DefinitionError('retention-invalid', message),
};

export const familyRetention: Route = {
  name: 'family-retention',
  method: 'POST',
  path: FAMILY_RETENTION,
  api: {
    summary:
      'Tells which versions of a family rules would remove, and why the others stay; removes them where it is told to',
    more: 'What a pin stands at, a run names, or a branch, an OCI tag or an index leads to always stays, and so does the newest.',
    takes: TAKES,
    answers: { 200: { says: 'every version, and what became of it', json: RETENTION_REPORT } },
    refuses: ['name-unknown', 'retention-invalid'],
  },
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const { apply = false, ...rules } = await checkedBody(ctx, app, TAKES);
    const { registry, definitions, stores } = app;
    const parts = { keys: stores.keys, registry, events: definitions.events };
    const options = { rules, apply, by: actorOf(ctx, app.identities), now: Date.now };
    ctx.body = await retain(parts, family, options);
  },
};
