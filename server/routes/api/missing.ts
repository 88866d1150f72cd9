import { MISSING as ANSWER, MISSING_REQUEST } from '../../../lib/definition/schemas.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { checkedBody } from '../../json-body.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { MISSING } from './paths.ts';

const TAKES = {
  schema: MISSING_REQUEST,
  what: 'a question for objects',
  maxBytes: 8 * 1024 * 1024,
  refuse: (message: string) => new RequestError('oids-invalid', message),
};

/**
 * Which of these Git objects the family has not. What it has, it has with everything behind it, so who publishes a tree
 * need not ask for what is below one that is there.
 */
export const missing: Route = {
  name: 'missing',
  method: 'POST',
  path: MISSING,
  api: {
    summary: 'Which of these Git objects a family has not',
    more: 'What a family has, it has with everything behind it. A family that is not there yet has nothing.',
    takes: TAKES,
    answers: { 200: { says: 'those that are missing', json: ANSWER } },
  },
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const { oids } = await checkedBody(ctx, app, TAKES);
    const { objects } = app.definitions.repositoryToPush(family, { address: '' });
    const present = await objects.rescue([...oids]);
    ctx.body = { missing: oids.filter((oid) => !present.has(oid)) };
  },
};
