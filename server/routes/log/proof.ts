import { integer } from '../../../lib/encoding/schema.ts';
import { INCLUSION_FILE } from '../../../lib/log/schemas.ts';
import { asked } from '../../openapi/parameters.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { PROOF } from './paths.ts';

const QUERY = {
  index: {
    schema: integer({ minimum: 0, maximum: 999_999_999_999_999, description: 'the number of an entry of the log' }),
    says: 'the number of an entry of the log',
    needed: true,
    refuse: (message: string) => new RequestError('request-malformed', message),
  },
} as const;

export const logProof: Route = {
  name: 'log-proof',
  method: 'GET',
  path: PROOF,
  api: {
    summary: 'An entry of the log with its proof, to be checked without this server',
    query: QUERY,
    answers: { 200: { says: 'the entry and its proof', json: INCLUSION_FILE } },
    refuses: ['index-unknown'],
  },
  async handle(ctx, { publicLog }) {
    const proof = await publicLog.prove(asked(ctx, QUERY).index);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = proof;
  },
};
