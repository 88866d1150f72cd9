import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Proxies } from './proxies.ts';
import { DisconnectError, RequestError } from './request-error.ts';

/** Work that holds memory, files or the disk for as long as a client likes: what it sends, and what is made for it. */
export type Work = 'upload' | 'pack';

const SAID: Readonly<Record<Work, string>> = {
  upload: 'uploads and pushes (ASSAY_MAX_UPLOADS)',
  pack: 'clones, fetches and archives (ASSAY_MAX_PACKS)',
};
const RETRY_AFTER_SECONDS = '1';

/** A burst of honest requests is over sooner. */
const WAIT_MS = 5_000;
/** So many wait, for each that has a turn. */
const WAITING_BY_TURN = 16;

/** The requests of one client for one kind of work. */
interface Client {
  taken: number;
  /** Each is called when its turn has come. */
  readonly waiting: Set<() => void>;
}

/**
 * So many requests of each kind of work one client may have under way. One that comes on top waits for a moment, in the
 * order in which they came; one that waits in vain is sent away and may come again.
 */
export class Turns {
  readonly #most: Readonly<Record<Work, number>>;
  readonly #proxies: Proxies;
  readonly #waitMs: number;
  readonly #clients = new Map<string, Client>();

  constructor(most: Readonly<Record<Work, number>>, proxies: Proxies, waitMs = WAIT_MS) {
    this.#most = most;
    this.#proxies = proxies;
    this.#waitMs = waitMs;
  }

  /** Resolves when the request has its turn, which it holds until the answer is out or the client has gone. */
  async take(work: Work, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const key = `${work} ${clientGroup(this.#proxies.clientOf(req))}`;
    const client = this.#clients.get(key) ?? { taken: 0, waiting: new Set() };
    this.#clients.set(key, client);
    const most = this.#most[work];
    if (client.taken < most) client.taken += 1;
    else if (client.waiting.size >= most * WAITING_BY_TURN || !(await this.#waited(client, res))) {
      if (isGone(res)) throw new DisconnectError();
      throw new RequestError(
        'too-many-requests',
        `this client has ${client.taken} ${SAID[work]} under way; try again`,
        {
          headers: { 'retry-after': RETRY_AFTER_SECONDS },
        },
      );
    }
    if (isGone(res)) {
      this.#pass(key, client);
      throw new DisconnectError();
    }
    res.once('close', () => this.#pass(key, client));
  }

  /** Whether the turn has come in time. Whoever went away in between is told so as well, and passes it on. */
  #waited(client: Client, res: ServerResponse): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (hasTurn: boolean): void => {
        clearTimeout(timer);
        client.waiting.delete(turn);
        res.off('close', giveUp);
        resolve(hasTurn);
      };
      const turn = (): void => done(true);
      const giveUp = (): void => done(false);
      const timer = setTimeout(giveUp, this.#waitMs);
      client.waiting.add(turn);
      res.once('close', giveUp);
    });
  }

  /** The turn goes to who has waited longest. */
  #pass(key: string, client: Client): void {
    const [next] = client.waiting;
    if (next !== undefined) {
      next();
      return;
    }
    client.taken -= 1;
    if (client.taken === 0) this.#clients.delete(key);
  }
}

function isGone(res: ServerResponse): boolean {
  return res.destroyed || res.req.socket.destroyed;
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
