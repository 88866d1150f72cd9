import type { Context } from 'koa';
import type { Actor } from '../lib/definition/wire.ts';
import { RequestError } from './request-error.ts';

/** In which a client says who works with it. Nobody checks it: it is a note beside the address. */
export const ACTOR_HEADER = 'Assay-Actor';
const LONGEST = 200;

/** Who makes this request. */
export function actorOf(ctx: Context): Actor {
  const address = ctx.req.socket.remoteAddress ?? '';
  const said = ctx.get(ACTOR_HEADER).trim();
  if (said === '') return { address };
  // Node reads headers as Latin-1; clients send UTF-8.
  const name = Buffer.from(said, 'latin1').toString('utf8');
  // eslint-disable-next-line no-control-regex
  if (name.length > LONGEST || /[\u0000-\u001f\u007f-\u009f\ufffd]/.test(name)) {
    throw new RequestError('request-malformed', `${ACTOR_HEADER} is a name of at most ${LONGEST} characters`);
  }
  return { address, name };
}
