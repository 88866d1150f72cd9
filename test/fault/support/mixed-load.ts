import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachAtOnce } from '../../../lib/encoding/each-at-once.ts';
import type { Reply } from '../../support/http.ts';
import { push, pin, publish } from './definition-writes.ts';
import { blob, manifest, upload } from './registry-writes.ts';
import { review, run } from './run-writes.ts';
import type { Target, Write } from './write.ts';

/** So many branches a repository has at most: whoever looks after one reads the names of all. */
const BRANCHES = 40;

export interface Refusal {
  readonly kind: string;
  readonly reply: Reply;
}

/** Clients that write all kinds of things at once, and a list of what was acknowledged to them. */
export class MixedLoad {
  readonly #name: string;
  readonly #clients: Generator<Write>[] = [];
  readonly acknowledged: Write[] = [];
  readonly #there = new Set<Write>();
  /** Nobody was told what became of these. */
  readonly unanswered: Write[] = [];
  readonly refused: Write[] = [];
  readonly underWay = new Set<Write>();
  readonly refusals: Refusal[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** Lets so many clients write until the signal comes. Called again, each goes on where it was. */
  async run(server: { readonly url: string }, clients: number, signal: AbortSignal, restMs = 0): Promise<void> {
    while (this.#clients.length < clients) this.#clients.push(this.#client(this.#clients.length));
    const agent = new Agent({ keepAlive: true });
    const to = { url: server.url, agent };
    await Promise.all(
      this.#clients.slice(0, clients).map(async (client) => {
        while (!signal.aborted) {
          await this.#send(client.next().value as Write, to);
          if (restMs > 0) await sleep(restMs);
        }
      }),
    );
    agent.destroy();
  }

  #client(number: number): Generator<Write> {
    const client = writesOf(`${this.#name}-${number}`, (write) => this.#there.has(write));
    // So that they do not all do the same at the same time.
    for (let at = 0; at < number % 5; at += 1) client.next();
    return client;
  }

  async #send(write: Write, to: Target): Promise<void> {
    let reply: Reply;
    try {
      this.underWay.add(write);
      reply = await write.send(to);
    } catch {
      this.unanswered.push(write);
      // The server is gone, or will be soon.
      await sleep(5);
      return;
    } finally {
      this.underWay.delete(write);
    }
    if (reply.status === 200 || reply.status === 201) {
      this.acknowledged.push(write);
      this.#there.add(write);
    } else {
      this.refused.push(write);
      this.refusals.push({ kind: write.kind, reply });
    }
  }

  /** Every acknowledged write is there, and whatever nobody was told of is there as a whole or not at all. */
  async expectKept(server: { readonly url: string }, since = 0): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const at = { url: server.url, agent };
    const lost: string[] = [];
    await eachAtOnce(16, this.acknowledged.slice(since), async (write) => {
      if (!(await write.look(at))) lost.push(write.kind);
    });
    await eachAtOnce(16, [...this.unanswered, ...this.refused], async (write) => {
      await write.look(at);
    });
    agent.destroy();
    if (lost.length > 0) throw new Error(`acknowledged, and not there: ${lost.join(', ')}`);
  }

  /** How often each kind was acknowledged. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind } of this.acknowledged) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }
}

/** What one client writes, one thing after the other, without end. Names are its own, so that no two clients are in each other's way. */
function* writesOf(client: string, isThere: (write: Write) => boolean): Generator<Write> {
  const family = `test-cases/${client}`;
  for (let round = 0; ; round += 1) {
    const version = `v0.${round}.0`;
    yield blob(`load/${client}`, round % 3 === 0 ? 90_000 : 1500);
    yield manifest(`load/${client}`, `t${round}`);
    const published = publish(family, version);
    yield published;
    yield push(`load/git-${client}-${Math.floor(round / BRANCHES)}`, `b${round}`);
    yield upload(`load/${client}`, 70_000);
    if (!isThere(published)) continue;
    yield pin(family, `p${round}`, version);
    const id = `${client}-${round}`;
    const submitted = run(family, version, id);
    yield submitted;
    if (isThere(submitted)) yield review(id, 'ben');
  }
}
