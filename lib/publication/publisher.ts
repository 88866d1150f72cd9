import type { Sha256 } from '../encoding/digest.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { SnapshotError } from '../snapshot/snapshot-error.ts';
import { withLease, type Lease, type LeaseTerm } from '../store/lease.ts';
import { StoreError } from '../store/store-error.ts';
import { runHook, type TellHook } from './deploy-hook.ts';
import { backOffMs, isDue, waitBeforePublish } from './pacing.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, readState, type PublicationState } from './publication-state.ts';
import { findLive, publishSnapshot, swapTo, type PublishParts } from './publish-snapshot.ts';
import type { Renderer } from './renderer.ts';
import { sweep } from './sweep.ts';
import type { Target } from './target.ts';

/** How often the log is looked at; it may have grown by another server. */
const LOOK_MS = 500;
const SWEEP_EVERY_MS = 60 * 60_000;
const LONGEST_ERROR = 300;
const LEASE = 'publication';
/** A receiver that hangs must not hold up publications, so telling it has a lease of its own. */
const HOOK_LEASE = 'deploy hook';
/** Readers wait no longer than this for another server, or the next start, to go on where a publisher died. */
const TERM: LeaseTerm = { termMs: 15_000, marginMs: 5_000 };
/** What publishers that died have left behind is looked for so often; a sweep of what was replaced goes every time. */
const SWEEPS_PER_SEARCH = 24;

export interface PublisherOptions {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  readonly hook?: TellHook | undefined;
  readonly now: () => number;
  /** How long a snapshot that was replaced is kept. */
  readonly graceMs: number;
  readonly onEvent?: ((event: PublisherEvent) => void) | undefined;
}

export type PublisherEvent =
  | { readonly what: 'published' | 'rolled back'; readonly state: PublicationState }
  | { readonly what: 'failed'; readonly error: unknown }
  | { readonly what: 'swept'; readonly objects: number; readonly snapshots: number };

/**
 * Publishes what the log has, as long as it runs: one publisher at a time by a lease in the store, paced so that a burst
 * is one publication. Whatever it must remember is in the store, so that it may die anywhere.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #ended = new AbortController();
  #seen = -1;
  #lastAppend = 0;
  #dirtySince: number | undefined;
  #nextSweep: number;
  #sweeps = 0;
  #telling: Promise<void> = Promise.resolve();
  #isTelling = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#nextSweep = options.now() + SWEEP_EVERY_MS;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#timer);
    await this.#running;
    clearTimeout(this.#timer);
    // Cut where the receiver hangs: what it was to be told is in the outbox.
    await this.#telling;
  }

  /** Publishes at once, also after a rollback. Rejects with what is in the way; code `busy` where another server is at it. */
  async publishNow(): Promise<PublicationState> {
    await changeState(this.#options.keys, ({ held: _held, ...rest }) => rest);
    return this.#publish();
  }

  /** Points readers at an earlier snapshot, and publishes nothing until `publishNow`. */
  async rollback(snapshot: Sha256): Promise<PublicationState> {
    const { keys, target, onEvent } = this.#options;
    const state = await this.#leased(async (parts) => {
      const live = await findLive(parts);
      const wanted = live.state.history.find((one) => one.snapshot === snapshot);
      if (wanted === undefined || (await target.read(snapshot)) === undefined) {
        throw new PublicationError(
          'snapshot-unknown',
          `no snapshot ${snapshot} is kept; assay snapshot list shows them`,
        );
      }
      await changeState(keys, (current) => ({ ...current, held: true as const }));
      return swapTo(parts, live, { snapshot, size: wanted.size });
    });
    onEvent?.({ what: 'rolled back', state });
    return state;
  }

  /** One look at all that is to be done, for tests in place of the timer. */
  async look(): Promise<void> {
    await this.#lookAtLog();
    await this.#tellHook();
    await this.#lookForOld();
  }

  async #lookAtLog(): Promise<void> {
    const { keys, renderer } = this.#options;
    const size = await renderer.size();
    const { state } = await readState(keys);
    this.#note(size, state);
    if (this.#dirtySince !== undefined && this.#isTime(state, this.#dirtySince)) await this.#tryPublish();
  }

  async #tellHook(): Promise<void> {
    const { keys, hook, now } = this.#options;
    const pending = hook === undefined ? undefined : (await readState(keys)).state.hook;
    if (hook === undefined || pending === undefined || !isDue(pending.nextAt, now())) return;
    await withLease(keys, HOOK_LEASE, now, () => runHook(keys, hook, now, this.#ended.signal)).catch(ignoreBusy);
  }

  async #lookForOld(): Promise<void> {
    const { now, graceMs, onEvent } = this.#options;
    const wait = this.#nextSweep - now();
    if (wait > 0 && wait <= SWEEP_EVERY_MS) return;
    this.#nextSweep = now() + SWEEP_EVERY_MS;
    const search = this.#sweeps % SWEEPS_PER_SEARCH === 0;
    const swept = await this.#leased((parts) => sweep(parts, graceMs, search)).catch(ignoreBusy);
    if (swept !== undefined) this.#sweeps += 1;
    if (swept !== undefined) onEvent?.({ what: 'swept', ...swept });
  }

  async #turn(): Promise<void> {
    try {
      this.#startTelling();
      await this.#lookAtLog();
      await this.#lookForOld();
    } catch (error) {
      if (!this.#stopped) this.#options.onEvent?.({ what: 'failed', error });
    }
  }

  get #stopped(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Beside the rest: a receiver may take its time. */
  #startTelling(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#telling = this.#tellHook()
      .catch((error: unknown) => this.#options.onEvent?.({ what: 'failed', error }))
      .finally(() => (this.#isTelling = false));
  }

  #note(size: number, { history, held }: PublicationState): void {
    const now = this.#options.now();
    if (size !== this.#seen) this.#lastAppend = now;
    this.#seen = size;
    const isDirty = held !== true && size > (history[0]?.size ?? -1);
    if (!isDirty) this.#dirtySince = undefined;
    else this.#dirtySince ??= now;
  }

  #isTime({ history, failures, lastAttemptAt }: PublicationState, dirtySince: number): boolean {
    const now = this.#options.now();
    if (failures > 0 && lastAttemptAt !== undefined && !isDue(lastAttemptAt + backOffMs(failures), now)) return false;
    const lastSwap = history[0]?.at ?? 0;
    return waitBeforePublish({ now, lastAppend: this.#lastAppend, dirtySince, lastSwap }) === 0;
  }

  async #tryPublish(): Promise<void> {
    const { keys, now, onEvent } = this.#options;
    try {
      await this.#publish();
    } catch (error) {
      if (this.#stopped || (error instanceof StoreError && error.code === 'busy')) return;
      const lastError = messageOf(error).slice(0, LONGEST_ERROR);
      await changeState(keys, (state) => ({ ...state, failures: state.failures + 1, lastError, lastAttemptAt: now() }));
      onEvent?.({ what: 'failed', error });
    }
  }

  async #publish(): Promise<PublicationState> {
    const { renderer, onEvent } = this.#options;
    const state = await this.#leased(async (parts) => {
      const live = await findLive(parts);
      return publishSnapshot(parts, live, await renderer.size());
    });
    this.#dirtySince = undefined;
    onEvent?.({ what: 'published', state });
    return state;
  }

  #leased<T>(work: (parts: PublishParts) => Promise<T>): Promise<T> {
    const { keys, target, renderer, hook, now, graceMs } = this.#options;
    const leased = (lease: Lease): Promise<T> => {
      const check = (): void => {
        // A server that is told to end does not end a long publication first; the next start goes on with it.
        if (this.#stopped) throw new StoreError('closed', 'the server is ending');
        lease.check();
      };
      return work({ keys, target, renderer, now, hasHook: hook !== undefined, freshMs: graceMs / 2, check });
    };
    return withLease(keys, LEASE, now, leased, TERM);
  }
}

/** For operators; what else went wrong is in the server's log alone. */
function messageOf(error: unknown): string {
  if (error instanceof PublicationError) return error.message;
  if (error instanceof SnapshotError) return `the snapshot cannot be made: ${error.message}`;
  return 'the server failed; its log says why';
}

/** Another server is at it. */
function ignoreBusy(error: unknown): undefined {
  if (error instanceof StoreError && error.code === 'busy') return undefined;
  throw error;
}
