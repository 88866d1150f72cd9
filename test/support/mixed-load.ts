import { setTimeout as sleep } from 'node:timers/promises';
import { jsonOf, send, textOf, type Reply, type RequestOptions } from './http.ts';
import { descriptorOf, digestOf, imageManifest, MEDIA, randomContent } from './oci-content.ts';
import { AUTHOR, makeTree, packOfTree, testCase } from './publishing.ts';
import { submissionOf } from './record-fixtures.ts';
import { locationOf } from './repository.ts';

/** A write that was answered with success, and how to see whether it is there. Resolves with what is wrong, if anything. */
interface Acknowledged {
  readonly what: string;
  readonly check: () => Promise<string | undefined>;
}

/** The client broke off what it was at: the server said that it may try again later, or the connection was cut. */
class GivenUp extends Error {}

const FAMILY = 'test-cases/carom';
const LIMIT_MS = 60_000;
/** Else all that is written would take longer to read back than it is worth. */
const PAUSE_MS = 30;

/**
 * Clients that push blobs and images, publish versions, move pins and submit runs, each request on a connection of its own.
 * They note what was acknowledged, and every answer that a client could not just repeat later.
 */
export class MixedLoad {
  readonly #server: { readonly url: string };
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that are neither success nor a request to come again. */
  readonly wrong: string[] = [];
  /** Answers of 429 and 503 with Retry-After. */
  retryable = 0;
  cut = 0;
  #stopping = false;
  #clients: Promise<void>[] = [];
  #made = 0;

  constructor(server: { readonly url: string }) {
    this.#server = server;
  }

  /** What runs and pins need to be there first. */
  async prepare(): Promise<void> {
    await this.#publish('v1.0.0');
  }

  start(): void {
    this.#stopping = false;
    const kinds = [
      () => this.#pushBlob(2_000),
      () => this.#pushBlob(300_000),
      () => this.#pushImage(),
      () => this.#submitRun(),
      () => this.#publishAndPin(),
    ];
    this.#clients = kinds.map((work) => this.#repeat(work));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
  }

  /** Writes one of each kind, one after the other; whether all succeeded. */
  async once(): Promise<boolean> {
    try {
      await this.#pushBlob(300_000);
      await this.#pushImage();
      await this.#submitRun();
      await this.#publishAndPin();
      return true;
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      return false;
    }
  }

  /** Reads back all that was acknowledged; what is not there as it was. */
  async missing(): Promise<string[]> {
    const missing: string[] = [];
    const left = this.acknowledged.values();
    async function read(): Promise<void> {
      for (const { what, check } of left) {
        const wrong = await check();
        if (wrong !== undefined) missing.push(`${what}: ${wrong}`);
      }
    }
    await Promise.all([read(), read(), read(), read()]);
    return missing;
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#stopping) {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error;
      }
      // Nor does a client that is told to come again later come at once.
      await sleep(PAUSE_MS);
    }
  }

  async #pushBlob(size: number): Promise<void> {
    const bytes = randomContent(size);
    const digest = digestOf(bytes);
    const started = await this.#ask('POST', '/v2/load/blobs/blobs/uploads/');
    const half = await this.#ask('PATCH', pathOf(started), { body: bytes.subarray(0, size / 2) });
    await this.#ask('PUT', pathOf(half, { digest }), { body: bytes.subarray(size / 2) });
    this.#note(`blob ${digest}`, `/v2/load/blobs/blobs/${digest}`, ({ body }) => body.equals(bytes));
  }

  async #pushImage(): Promise<void> {
    const [config, layer] = [randomContent(50), randomContent(1_000)];
    for (const bytes of [config, layer]) {
      await this.#ask('POST', `/v2/load/images/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
    }
    const manifest = imageManifest(descriptorOf(config, MEDIA.config), [descriptorOf(layer, MEDIA.layer)]);
    const path = `/v2/load/images/manifests/t${this.#next()}`;
    await this.#ask('PUT', path, { body: manifest, headers: { 'content-type': MEDIA.manifest } });
    this.#note(`tag ${path}`, path, ({ body }) => body.equals(manifest));
  }

  async #submitRun(): Promise<void> {
    const id = `run-${this.#next()}`;
    const headers = { 'content-type': 'application/json' };
    await this.#ask('POST', '/api/v1/runs', { headers, body: Buffer.from(JSON.stringify(submissionOf(id))) });
    this.#note(`run ${id}`, `/api/v1/runs/${id}`, (reply) => (jsonOf(reply) as { id: string }).id === id);
  }

  async #publishAndPin(): Promise<void> {
    const version = `v1.0.${this.#next()}`;
    await this.#publish(version);
    const pin = `p${this.#next()}`;
    const headers = { 'content-type': 'application/json' };
    const path = `/api/v1/pins/${FAMILY}@${pin}`;
    await this.#ask('PUT', path, { headers, body: Buffer.from(JSON.stringify({ to: version })) });
    this.#note(`pin ${pin}`, path, (reply) => textOf(reply).includes(`"${version}"`));
  }

  async #publish(version: string): Promise<void> {
    const made = makeTree(testCase({ 'prompt.md': `${version}\n` }));
    const head = Buffer.from(`${JSON.stringify({ tree: made.oid, source: {}, author: AUTHOR })}\n`);
    const path = `/api/v1/definitions/${FAMILY}@${version}`;
    const headers = { 'content-type': 'application/vnd.assay.publish.v1' };
    await this.#ask('PUT', path, { headers, body: Buffer.concat([head, packOfTree(made)]) });
    this.#note(`version ${version}`, `${path}/files/prompt.md`, (reply) => textOf(reply) === `${version}\n`);
  }

  #next(): number {
    return (this.#made += 1);
  }

  #note(what: string, path: string, isRight: (reply: Reply) => boolean): void {
    this.acknowledged.push({
      what,
      check: async () => {
        const reply = await send('GET', this.#server.url + path);
        if (reply.status !== 200) return `${reply.status} ${textOf(reply).slice(0, 200)}`;
        return isRight(reply) ? undefined : 'other bytes';
      },
    });
  }

  /** An answer of success; what else comes is noted, and ends what the client was at. */
  async #ask(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { url } = this.#server;
    const answer = await within(send(method, url + path, options), `${method} ${path}`).catch((error: unknown) => {
      if (error instanceof Late) throw error;
      return undefined;
    });
    if (answer === undefined) {
      this.cut += 1;
      throw new GivenUp(`${method} ${path} was cut`);
    }
    if (answer.status < 300) return answer;
    const said = `${method} ${path}: ${answer.status} ${textOf(answer).slice(0, 300)}`;
    if ([429, 502, 503, 504].includes(answer.status) && answer.headers['retry-after'] !== undefined)
      this.retryable += 1;
    else this.wrong.push(said);
    throw new GivenUp(said);
  }
}

class Late extends Error {}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`${what} has no answer after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function pathOf(reply: Reply, query: Readonly<Record<string, string>> = {}): string {
  const { pathname, search } = new URL(locationOf(reply, 'http://any', query));
  return pathname + search;
}
