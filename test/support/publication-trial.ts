import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicationStatus } from '../../lib/client/index.ts';
import type { Target } from '../../lib/publication/target.ts';
import { assay, errorsIn } from './assay-command.ts';
import { makeAuthorRepository } from './author-repository.ts';
import { HookReceiver } from './hook-receiver.ts';
import { send } from './http.ts';
import { rounds } from './rounds.ts';
import type { Outcome } from './run-program.ts';
import { Server } from './server.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { useTemporaryFolder } from './use-temporary-folder.ts';

const PINS = 25;
const ROUNDS = rounds(1, 2);
/** How long a test of publication may take. */
export const PUBLICATION_LIMIT = 60_000 + ROUNDS * 6_000;

/** Servers that publish, the site that hears of it, and a reader. */
export class PublicationTrial {
  readonly folder = useTemporaryFolder();
  hook = new HookReceiver();
  #servers: Server[] = [];
  #reader: SnapshotReader | undefined;
  #made = 0;

  async begin(): Promise<void> {
    this.hook = new HookReceiver();
    await this.hook.start();
    this.#servers = [];
  }

  async end(): Promise<void> {
    await this.#reader?.stop();
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.hook.close();
  }

  async started(publish: string, env: Record<string, string> = {}): Promise<Server> {
    const server = new Server({ env: { ASSAY_PUBLISH: publish, ASSAY_DEPLOY_HOOK: this.hook.url, ...env } });
    this.#servers.push(server);
    await server.start();
    return server;
  }

  async stopServers(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  async publishDefinitions(server: Server): Promise<void> {
    const { path } = await makeAuthorRepository(this.folder.path);
    const { code, stderr } = await assay(['publish', '--all'], { ASSAY_URL: server.url, HOME: path }, { cwd: path });
    if (code !== 0) throw new Error(stderr);
  }

  /** Moves pins, each to where it was not: quick entries of the log. Returns how many were acknowledged. */
  async movePins(server: Server, count: number, atOnce = 16): Promise<number> {
    let left = count;
    let done = 0;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const at = (this.#made += 1);
        const body = Buffer.from(JSON.stringify({ to: Math.floor(at / PINS) % 2 === 0 ? 'v1.0.0' : 'v1.1.0' }));
        const headers = { 'content-type': 'application/json' };
        const url = `${server.url}/api/v1/pins/test-cases/carom@p${at % PINS}`;
        const reply = await send('PUT', url, { headers, body }).catch(() => undefined);
        if (reply !== undefined && reply.status < 300) done += 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return done;
  }

  run(server: Server, ...args: string[]): Promise<Outcome> {
    return assay(args, { ASSAY_URL: server.url, HOME: this.folder.path }, { cwd: this.folder.path });
  }

  /** Everything is live, and the site knows. */
  async settled(server: Server, ms?: number): Promise<PublicationStatus> {
    return untilFound(async () => {
      const status = await statusOf(server).catch(() => undefined);
      return status?.live !== undefined && status.waiting === 0 && status.hook === undefined && status;
    }, ms).catch(async () => {
      throw new Error(`not settled: ${JSON.stringify(await statusOf(server))}`);
    });
  }

  readOn(target: Target): SnapshotReader {
    this.#reader = new SnapshotReader(target);
    this.#reader.start();
    return this.#reader;
  }
}

/** As new for every test of the file. */
export function usePublicationTrial(): PublicationTrial {
  const trial = new PublicationTrial();
  beforeEach(() => trial.begin());
  afterEach(() => trial.end());
  return trial;
}

export async function statusOf(server: Server): Promise<PublicationStatus> {
  const { body } = await send('GET', `${server.url}/api/v1/publication`);
  return JSON.parse(body.toString()) as PublicationStatus;
}

export async function untilFound<T>(what: () => Promise<T | undefined | false>, ms = 45_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(100)) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error('it does not come to that');
}

export interface PublicationPlace {
  readonly publish: string;
  readonly target: Target;
  readonly env?: Record<string, string>;
}

export function describePublication(trial: PublicationTrial, open: () => Promise<PublicationPlace>): void {
  test('makes at most 3 swaps and 3 words to the hook of a burst of 500', { timeout: PUBLICATION_LIMIT }, async () => {
    const { publish, target, env } = await open();
    const server = await trial.started(publish, env);
    await trial.publishDefinitions(server);
    const before = await trial.settled(server);
    const hooks = trial.hook.told.length;
    const seen = trial.readOn(target);
    expect(await trial.movePins(server, 500)).toBe(500);
    const after = await trial.settled(server);
    expect(after.live!.publication - before.live!.publication).toBeLessThanOrEqual(3);
    expect(trial.hook.told.length - hooks).toBeLessThanOrEqual(3);
    expect(trial.hook.told.at(-1)).toMatchObject({ snapshot: after.live!.snapshot, size: after.logSize });
    await seen.stop();
    expect(await seen.look()).toBe(after.logSize);
    expect(seen.wrong).toEqual([]);
  });

  test(
    'converges after kill -9 at any moment, and no reader sees a torn view',
    { timeout: PUBLICATION_LIMIT },
    async () => {
      const { publish, target, env } = await open();
      const server = await trial.started(publish, env);
      await trial.publishDefinitions(server);
      const seen = trial.readOn(target);
      for (let round = 0; round < ROUNDS; round += 1) {
        await trial.movePins(server, 5);
        // Busy where the server before died in the middle: that is a case of its own.
        void send('POST', `${server.url}/api/v1/publication/now`, {
          headers: { 'content-type': 'application/json' },
          body: Buffer.from('{}'),
        }).catch(() => undefined);
        await sleep(Math.random() * 300);
        await server.kill();
        await server.start();
        if (round % 5 === 4) await trial.settled(server);
      }
      const { live, logSize } = await trial.settled(server);
      expect(live!.size).toBe(logSize);
      expect(trial.hook.told.at(-1)?.snapshot).toBe(live!.snapshot);
      await seen.stop();
      expect(await seen.look()).toBe(logSize);
      expect(seen.wrong).toEqual([]);
      expect(seen.views).toBeGreaterThan(ROUNDS);
      expect(await trial.run(server, 'log', 'verify')).toMatchObject({ code: 0 });
      await server.stop();
      expect(await errorsIn(server.data, server.environment)).toEqual([]);
    },
  );
}
