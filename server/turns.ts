import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Proxies } from './proxies.ts';
import { RequestError } from './request-error.ts';

/** Work that holds memory, files or the disk for as long as a client likes: what it sends, and what is made for it. */
export type Work = 'upload' | 'pack';

const SAID: Readonly<Record<Work, string>> = {
  upload: 'uploads and pushes (ASSAY_MAX_UPLOADS)',
  pack: 'clones, fetches and archives (ASSAY_MAX_PACKS)',
};
const RETRY_AFTER_SECONDS = '1';

/** So many requests of each kind of work one client may have under way; one that comes on top is sent away and may come again. */
export class Turns {
  readonly #most: Readonly<Record<Work, number>>;
  readonly #proxies: Proxies;
  readonly #taken = new Map<string, number>();

  constructor(most: Readonly<Record<Work, number>>, proxies: Proxies) {
    this.#most = most;
    this.#proxies = proxies;
  }

  /** Holds a turn until the answer is out or the client has gone. Throws where the client has as many as it may. */
  take(work: Work, req: IncomingMessage, res: ServerResponse): void {
    if (res.destroyed) return;
    const key = `${work} ${clientGroup(this.#proxies.clientOf(req))}`;
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.#most[work]) {
      throw new RequestError('too-many-requests', `this client has ${taken} ${SAID[work]} under way; try again`, {
        headers: { 'retry-after': RETRY_AFTER_SECONDS },
      });
    }
    this.#taken.set(key, taken + 1);
    res.once('close', () => this.#giveBack(key));
  }

  #giveBack(key: string): void {
    const taken = this.#taken.get(key) ?? 1;
    if (taken > 1) this.#taken.set(key, taken - 1);
    else this.#taken.delete(key);
  }
}

/** Whoever has an IPv6 address has the other 2^64 of its network as well (RFC 4291, 2.5.4). */
function clientGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - first.length - last.length) : 0;
  const groups = [...first, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4);
  return groups.map((group) => group.padStart(4, '0')).join(':');
}
