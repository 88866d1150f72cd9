import { first } from '../../query.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { PROOF } from './paths.ts';

/** An entry with its proof, to be checked without this server. */
export const logProof: Route = {
  name: 'log-proof',
  method: 'GET',
  path: PROOF,
  async handle(ctx, { publicLog }) {
    const text = first(ctx.query, 'index');
    if (text === undefined || !/^\d{1,15}$/.test(text)) {
      throw new RequestError('request-malformed', 'index is the number of an entry of the log');
    }
    const proof = await publicLog.prove(Number(text));
    ctx.set('Cache-Control', 'no-store');
    ctx.body = proof;
  },
};
