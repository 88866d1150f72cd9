import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { RequestError } from './request-error.ts';

/** Names that were found good stay so; a client cannot make this grow. */
const MAX_REMEMBERED = 256;

export interface HostRules {
  /** What the server was told to listen on. */
  readonly host: string;
  /** Names besides; `*.example.org` is every name below, `*` every name. */
  readonly allowedHosts: readonly string[];
}

/**
 * A check that refuses requests to a name that is not this server's. Whoever owns a name can make it stand for 127.0.0.1,
 * and for a browser a page of that name is then of the same origin as this server: it may read and write (DNS rebinding).
 * Addresses, names without a dot and names below .localhost belong to nobody who could do that.
 */
export function makeHostCheck({ host, allowedHosts }: HostRules): (req: IncomingMessage) => void {
  const names = new Set([host, ...allowedHosts].map(plainName));
  const endings = allowedHosts.filter((name) => name.startsWith('*.')).map((name) => plainName(name).slice(1));
  const good = new Set<string>();
  function isOurs(name: string): boolean {
    return isNobodys(name) || names.has(name) || names.has('*') || endings.some((ending) => name.endsWith(ending));
  }
  return ({ headers }) => {
    const said = headers.host;
    // Only clients older than HTTP/1.1 send none, and no browser.
    if (said === undefined || good.has(said)) return;
    const name = nameIn(said);
    if (name === undefined || !isOurs(name)) throw refusal(name);
    if (good.size < MAX_REMEMBERED) good.add(said);
  };
}

/** The name or address in a Host header without its port; undefined where it is neither (RFC 9110, 7.2). */
function nameIn(said: string): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]{1,255}))(?::\d{0,5})?$/i.exec(said);
  if (found === null) return undefined;
  const [, address, name = ''] = found;
  if (address === undefined) return plainName(name);
  return isIP(address) === 6 ? address : undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function isNobodys(name: string): boolean {
  return isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost');
}

function refusal(name: string | undefined): RequestError {
  const which = name === undefined ? 'the Host header names no host' : `this server does not answer to ${name}`;
  return new RequestError('host-foreign', `${which}; ASSAY_ALLOWED_HOSTS lists the names that it has`);
}
