import assert from 'node:assert/strict';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import { parsePointer, type Pointer } from '../../lib/publication/pointer.ts';
import {
  readHistory,
  readState,
  type PendingHook,
  type PublicationState,
  type PublishedSnapshot,
} from '../../lib/publication/publication-state.ts';
import { Publisher, type PublisherOptions } from '../../lib/publication/publisher.ts';
import { CountingRenderer, objectsOf } from './counting-renderer.ts';
import type { OpenStores } from './use-stores.ts';

const GRACE_MS = 3_600_000;

/** Where a publisher works in tests: real stores, a folder, a log that counts, and a clock of its own. */
export class PublisherPlace {
  readonly #stores: () => OpenStores;
  /** The time of day. */
  time = 0;
  /** By how much it was set back. */
  #setBack = 0;
  renderer = new CountingRenderer();
  /** What the site was told. */
  told: PendingHook[] = [];

  constructor(stores: () => OpenStores) {
    this.#stores = stores;
  }

  reset(): void {
    this.time = 1_800_000_000_000;
    this.#setBack = 0;
    this.renderer = new CountingRenderer();
    this.told = [];
  }

  target(): DirectoryTarget {
    return new DirectoryTarget(join(this.#stores().folder, 'bucket'));
  }

  pathOf(digest: string): string {
    return join(this.#stores().folder, 'bucket', 'o', digest.slice('sha256:'.length));
  }

  publisher(options: Partial<PublisherOptions> = {}): Publisher {
    return new Publisher({
      keys: this.#stores().keys,
      target: this.target(),
      renderer: this.renderer,
      hook: async (hook) => void this.told.push(hook),
      clock: { now: () => this.time, ticks: () => this.time + this.#setBack },
      graceMs: GRACE_MS,
      ...options,
    });
  }

  setClockBack(ms: number): void {
    this.time -= ms;
    this.#setBack += ms;
  }

  async live(): Promise<Pointer | undefined> {
    const read = await this.target().pointer();
    return read === undefined ? undefined : parsePointer(read.bytes);
  }

  /** With all snapshots that are remembered, the newest first. */
  async state(): Promise<PublicationState & { readonly history: readonly PublishedSnapshot[] }> {
    const { keys } = this.#stores();
    return { ...(await readState(keys)).state, history: await readHistory(keys) };
  }

  /** What a reader finds from the pointer on: all of one snapshot, or this fails. */
  async readerSees(): Promise<number> {
    const pointer = await this.live();
    if (pointer === undefined) return -1;
    const objects = objectsOf(pointer.size, this.renderer.version);
    assert.equal(pointer.snapshot, objects.at(-1)!.digest);
    for (const { digest, bytes } of objects) {
      const there = await this.target().read(digest);
      assert.ok(there !== undefined && Buffer.from(there).equals(bytes), `${digest} is not whole`);
    }
    return pointer.size;
  }

  /** Lets the publisher look every half second of its own time. */
  async run(one: Publisher, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500, this.time += 500) await one.look();
  }
}

/** As new for every test. */
export function usePublisherPlace(stores: () => OpenStores): PublisherPlace {
  const place = new PublisherPlace(stores);
  beforeEach(() => place.reset());
  return place;
}
