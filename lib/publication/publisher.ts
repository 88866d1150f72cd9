import type { Sha256 } from '../encoding/digest.ts';
import { Burst } from './burst.ts';
import type { TellHook } from './deploy-hook.ts';
import { nextAttempt, noteFailure, withoutFailure } from './failure.ts';
import { HookTeller } from './hook-teller.ts';
import { isDue } from './pacing.ts';
import { changeState, readState, type PublicationState } from './publication-state.ts';
import { letGo } from './publish-snapshot.ts';
import { Publishing, type PublishingOptions } from './publishing.ts';
import { isBusy, unlessBusy } from './unless-busy.ts';

/** How often the log is looked at; it may have grown by another server. */
const LOOK_MS = 500;
const SWEEP_EVERY_MS = 60 * 60_000;
/** What publishers that died have left behind is looked for so often; a sweep of what was replaced goes every time. */
const SWEEPS_PER_SEARCH = 24;

export interface PublisherOptions extends PublishingOptions {
  readonly hook?: TellHook | undefined;
  readonly onEvent?: ((event: PublisherEvent) => void) | undefined;
}

export type PublisherEvent =
  | { readonly what: 'published' | 'rolled back'; readonly state: PublicationState }
  | { readonly what: 'failed'; readonly error: unknown }
  | { readonly what: 'swept'; readonly objects: number; readonly snapshots: number };

/**
 * Decides when something is to be published, told and swept, as long as it runs; a burst is one publication. Whatever it
 * must remember is in the store, so that it may die anywhere.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #ended = new AbortController();
  readonly #publishing: Publishing;
  readonly #burst: Burst;
  readonly #hook: HookTeller | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> | undefined;
  /** Whether it was looked at what the publisher before has left. */
  #hasStock = false;
  #isOutdated = false;
  #nextSweep: number;
  #sweeps = 0;

  constructor(options: PublisherOptions) {
    const { keys, clock, hook } = options;
    const ended = this.#ended.signal;
    this.#options = options;
    this.#publishing = new Publishing(options, hook !== undefined, ended);
    this.#burst = new Burst(clock);
    this.#nextSweep = clock.ticks() + SWEEP_EVERY_MS;
    const onFailure = (error: unknown): void => this.#tellFailure(error);
    if (hook !== undefined) this.#hook = new HookTeller({ keys, clock, hook, ended, onFailure });
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().finally(() => {
        if (!this.#ended.signal.aborted) this.start();
      });
    }, LOOK_MS).unref();
  }

  /** Waits for nobody: what hangs is cut, and what it was to be told is in the outbox. */
  async stop(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await Promise.all([this.#sweeping, this.#hook?.stop()]);
  }

  /** Publishes at once, also after a rollback. Rejects with what is in the way; code `busy` where another server is at it. */
  async publishNow(): Promise<PublicationState> {
    await changeState(this.#options.keys, letGo);
    return this.#publish(true);
  }

  /** Points readers at an earlier snapshot, and publishes nothing until `publishNow`. */
  async rollback(snapshot: Sha256): Promise<PublicationState> {
    const state = await this.#publishing.rollback(snapshot);
    this.#options.onEvent?.({ what: 'rolled back', state });
    return state;
  }

  /** One look at all that is to be done, for tests in place of the timer. */
  async look(): Promise<void> {
    await this.#lookAtLog();
    await this.#hook?.tell();
    await this.#lookForOld();
  }

  async #turn(): Promise<void> {
    try {
      this.#hook?.begin();
      // Beside the rest: a sweep may take long, and lets publications pass.
      this.#sweeping ??= this.#lookForOld()
        .catch((error: unknown) => this.#tellFailure(error))
        .finally(() => (this.#sweeping = undefined));
      await this.#lookAtLog();
    } catch (error) {
      this.#tellFailure(error);
    }
  }

  async #lookAtLog(): Promise<void> {
    const { keys, renderer, clock } = this.#options;
    const { state } = await readState(keys);
    const next = nextAttempt(state);
    const mayTry = next === undefined || isDue(next.at, next.backOff, clock.now());
    const isLeft = !this.#hasStock || state.swapping !== undefined;
    if (mayTry && isLeft && !(await this.#tried(() => this.#takeStock()))) return;
    const now = (await readState(keys)).state;
    const isTime = this.#burst.note(await renderer.size(), now, this.#isOutdated || now.doubted === true);
    if (mayTry && isTime) await this.#tried(() => this.#publish(false));
    else if (mayTry && state.failures > 0 && !this.#burst.isDirty) await changeState(keys, withoutFailure);
  }

  async #takeStock(): Promise<void> {
    const isAlike = await this.#publishing.takeStock();
    if (!this.#hasStock) this.#isOutdated = !isAlike;
    this.#hasStock = true;
  }

  async #publish(isAsked: boolean): Promise<PublicationState> {
    const state = await this.#publishing.publish(isAsked);
    this.#hasStock = true;
    if (state.held === true && !isAsked) return state;
    this.#isOutdated = false;
    this.#burst.end();
    this.#options.onEvent?.({ what: 'published', state });
    return state;
  }

  async #lookForOld(): Promise<void> {
    const ticks = this.#options.clock.ticks();
    if (ticks < this.#nextSweep) return;
    this.#nextSweep = ticks + SWEEP_EVERY_MS;
    const swept = await unlessBusy(this.#publishing.sweep(this.#sweeps % SWEEPS_PER_SEARCH === 0));
    if (swept === undefined) return;
    this.#sweeps += 1;
    this.#options.onEvent?.({ what: 'swept', ...swept });
  }

  /** False where it failed, which is noted, or where another server is at it. */
  async #tried(work: () => Promise<unknown>): Promise<boolean> {
    const { keys, clock } = this.#options;
    try {
      await work();
      return true;
    } catch (error) {
      if (this.#ended.signal.aborted || isBusy(error)) return false;
      await noteFailure(keys, error, clock.now());
      this.#tellFailure(error);
      return false;
    }
  }

  #tellFailure(error: unknown): void {
    if (!this.#ended.signal.aborted) this.#options.onEvent?.({ what: 'failed', error });
  }
}
