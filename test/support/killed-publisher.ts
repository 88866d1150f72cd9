import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sha256 } from '../../lib/encoding/digest.ts';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import { parsePointer } from '../../lib/publication/pointer.ts';
import { PublicationError } from '../../lib/publication/publication-error.ts';
import { readState } from '../../lib/publication/publication-state.ts';
import { Publisher } from '../../lib/publication/publisher.ts';
import type { Renderer } from '../../lib/publication/renderer.ts';
import type { Target } from '../../lib/publication/target.ts';
import type { MemoryObjects } from '../../lib/snapshot/memory-objects.ts';
import { isRenderedAlike, render } from '../../lib/snapshot/render.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { fixtureSources } from './fixture-sources.mjs';
import type { Told } from './hook-receiver.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { wrappedTarget } from './wrapped-target.ts';

const PUBLISHER = fileURLToPath(new URL('publish-until-killed.mjs', import.meta.url));
const HOUR = 3_600_000;
/** So many entries the program has published at its end. */
export const NEWEST = 3;

/** A publisher that kills itself, in a folder of its own, and what becomes of what it has left. */
export class KilledPublisher {
  readonly #folder: string;
  readonly #target: DirectoryTarget;
  readonly #reader: SnapshotReader;
  readonly #told: Told[] = [];
  #time = Date.now();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#target = new DirectoryTarget(join(folder, 'public'));
    this.#reader = new SnapshotReader(this.#target);
    // A part of what the program does is a rollback.
    this.#reader.mayShrink = true;
  }

  static async make(folder: string): Promise<KilledPublisher> {
    await mkdir(folder);
    return new KilledPublisher(folder);
  }

  /** False where the program ended before that step; a reader looks on all the while. */
  async dieAt(step: number): Promise<boolean> {
    this.#reader.start();
    const args = [PUBLISHER, this.#folder, String(step), String(this.#time), String(HOUR)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString('utf8')));
    child.stdin.on('error', () => undefined);
    child.stdout.once('data', () => void this.#reader.stop().then(() => child.stdin.end('.')));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ended) => resolve(ended));
    });
    await this.#reader.stop();
    await this.#reader.look();
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`step ${step}: ${stderr}`);
    return signal === 'SIGKILL';
  }

  async expectGoneOnFrom(id: Sha256, objects: MemoryObjects): Promise<void> {
    const told = join(this.#folder, 'told');
    const lines = existsSync(told) ? (await readFile(told, 'utf8')).split('\n').slice(0, -1) : [];
    this.#told.push(...lines.map((line) => JSON.parse(line) as Told));
    const keys = LmdbKeyedStore.open(join(this.#folder, 'store'));
    try {
      // Later than any lease of the dead lasts. The target takes nothing for now: the site hears of what is live all the same.
      this.#time += 4 * HOUR;
      await this.#run(this.#publisher(keys, full(this.#target)));
      if ((await this.#target.pointer()) !== undefined) await this.#expectSiteToKnow(keys);
      const publisher = this.#publisher(keys, this.#target);
      this.#time += 60_000;
      await this.#run(publisher);
      // Somebody has rolled back, and readers stay there until somebody says so.
      if ((await readState(keys)).state.held === true) {
        await this.#expectSiteToKnow(keys);
        await publisher.publishNow();
        await publisher.look();
      }
      assert.equal((await this.#live()).snapshot, id);
      await this.#expectSiteToKnow(keys);
      assert.equal((await readState(keys)).state.failures, 0);
      // What was begun and came to nothing is as old now as what a sweep takes.
      this.#time += 3 * HOUR;
      await publisher.look();
      assert.deepEqual((await readdir(join(this.#folder, 'public'))).sort(), ['current', 'o']);
      const names = (await readdir(join(this.#folder, 'public', 'o'))).map((hex) => `sha256:${hex}`);
      assert.deepEqual(new Set(names), new Set(objects.objects.keys()));
      assert.equal(await this.#reader.look(), NEWEST);
      assert.deepEqual(this.#reader.wrong, []);
    } finally {
      await keys.close();
    }
  }

  /** Told of what is live last, and never of one after a later one. */
  async #expectSiteToKnow(keys: LmdbKeyedStore): Promise<void> {
    const { snapshot, publication, size } = await this.#live();
    assert.deepEqual(this.#told.at(-1), { snapshot, publication, size });
    const publications = this.#told.map((told) => told.publication);
    assert.deepEqual(
      publications,
      publications.toSorted((a, b) => a - b),
    );
    const { live, hook, swapping } = (await readState(keys)).state;
    assert.equal(live?.snapshot, snapshot);
    assert.equal(live?.publication, publication);
    assert.deepEqual([hook, swapping], [undefined, undefined]);
  }

  async #run(publisher: Publisher): Promise<void> {
    for (let look = 0; look < 5; look += 1, this.#time += 1_000) await publisher.look();
  }

  async #live(): Promise<ReturnType<typeof parsePointer>> {
    return parsePointer((await this.#target.pointer())!.bytes);
  }

  #publisher(keys: LmdbKeyedStore, target: Target): Publisher {
    const clock = { now: () => this.#time, ticks: () => this.#time };
    const hook = async ({ snapshot, publication, size }: Told): Promise<void> =>
      void this.#told.push({ snapshot, publication, size });
    return new Publisher({ keys, target, renderer: FIXTURE, hook, clock, graceMs: HOUR });
  }
}

/** The same target without room. */
function full(target: Target): Target {
  return wrappedTarget(target, { put: () => Promise.reject(new PublicationError('target-busy', 'no room')) });
}

const FIXTURE: Renderer = {
  size: () => Promise.resolve(NEWEST),
  checkpoint: () => Promise.resolve(undefined),
  isAlike: (before) => isRenderedAlike(before),
  render: async (size, before, sink) =>
    (await render(fixtureSources, sink, { size, ...(before === undefined ? {} : { before }) })).id,
};
