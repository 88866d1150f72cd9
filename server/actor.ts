import type { IncomingMessage } from 'node:http';
import type { Actor } from '../lib/definition/wire.ts';
import type { Proxies } from './proxies.ts';
import { RequestError } from './request-error.ts';

/** In which a client says who works with it. Nobody checks it: it is a note beside the address. */
export const ACTOR_HEADER = 'Assay-Actor';
const LONGEST = 200;

/** How the server learns who makes a request. */
export interface Identities {
  readonly proxies: Proxies;
  /** Where a proxy that has asked who is there writes it down; then nothing else is believed. */
  readonly header: string | undefined;
}

/** Who makes this request. */
export function actorOf({ req }: { readonly req: IncomingMessage }, { proxies, header }: Identities): Actor {
  const address = proxies.clientOf(req);
  if (header !== undefined && !proxies.isPeer(req)) return { address };
  const name = nameIn(req, header ?? ACTOR_HEADER);
  return name === undefined ? { address } : { address, name };
}

function nameIn(req: IncomingMessage, header: string): string | undefined {
  const values = req.headersDistinct[header.toLowerCase()] ?? [];
  // One of them may be the client's own, which the proxy has passed on.
  if (values.length > 1) throw new RequestError('request-malformed', `there is more than one ${header}`);
  const said = values[0]?.trim() ?? '';
  if (said === '') return undefined;
  // Node reads headers as Latin-1; clients send UTF-8.
  const name = Buffer.from(said, 'latin1').toString('utf8');
  // eslint-disable-next-line no-control-regex
  if (name.length <= LONGEST && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(name)) return name;
  throw new RequestError(
    'request-malformed',
    `${header} is a name in UTF-8 of at most ${LONGEST} characters, none of them a control character`,
  );
}
