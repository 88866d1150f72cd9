import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const ids = new WeakMap<IncomingMessage, string>();
/** What a proxy may have named a request by. */
const SOUND = /^[\w.:@/+=-]{1,128}$/;

/** By which the lines of the log about one request are found: the one that a proxy gave it, or one of our own. */
export function requestIdOf(req: IncomingMessage): string {
  const known = ids.get(req);
  if (known !== undefined) return known;
  const said = req.headers['x-request-id'];
  const id = typeof said === 'string' && SOUND.test(said) ? said : randomUUID();
  ids.set(req, id);
  return id;
}
