import type { Sha256 } from '../encoding/digest.ts';
import type { Clock } from '../store/clock.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { withLease, type Lease } from '../store/lease.ts';
import { LEASE_TERM, PUBLICATION_LEASE } from './leases.ts';
import { StoreError } from '../store/store-error.ts';
import { withoutFailure } from './failure.ts';
import { CALL_MS, LimitedTarget } from './limited-target.ts';
import { findLive } from './live.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, readHistory, type PublicationState } from './publication-state.ts';
import type { PublishParts } from './publish-parts.ts';
import { isDamage, publishSnapshot, swapTo } from './publish-snapshot.ts';
import type { Renderer } from './renderer.ts';
import { sweep, type Swept } from './sweep.ts';
import type { Target } from './target.ts';

export interface PublishingOptions {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  /** Does the work of one publication, rollback or sweep; for who wants to see when and how long. */
  readonly around?: <T>(work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  /** How long a snapshot that was replaced is kept. */
  readonly graceMs: number;
  readonly callMs?: number;
}

/** All that changes the target: each at once, under a lease in the store, so that one publisher at a time does it. */
export class Publishing {
  readonly #options: PublishingOptions;
  readonly #target: Target;
  readonly #hasHook: boolean;
  readonly #ended: AbortSignal;

  constructor(options: PublishingOptions, hasHook: boolean, ended: AbortSignal) {
    this.#options = options;
    this.#target = new LimitedTarget(options.target, { callMs: options.callMs ?? CALL_MS, ended });
    this.#hasHook = hasHook;
    this.#ended = ended;
  }

  /** Notes what is live. False where it is not what this release would make of the same entries. */
  takeStock(): Promise<boolean> {
    return this.#leased(async (parts) => {
      const { pointer, state } = await findLive(parts);
      // Of a target that never had anything, nothing is missing.
      if (pointer === undefined) return state.live === undefined;
      return parts.renderer.isAlike({ id: pointer.snapshot, objects: parts.target }).catch((error: unknown) => {
        if (isDamage(error)) return false;
        throw error;
      });
    });
  }

  /** What was rolled back, perhaps while this waited for its turn, is published over only where somebody asked for it. */
  publish(isAsked: boolean): Promise<PublicationState> {
    return this.#leased(async (parts) => {
      const live = await findLive(parts);
      if (isAsked || live.state.held !== true) await publishSnapshot(parts, live, await parts.renderer.size());
      return changeState(parts.keys, withoutFailure);
    });
  }

  /** Points readers at an earlier snapshot, and holds it there. */
  rollback(snapshot: Sha256): Promise<PublicationState> {
    return this.#leased(async (parts) => {
      const live = await findLive(parts);
      const wanted = (await readHistory(parts.keys)).find((one) => one.snapshot === snapshot);
      if (wanted === undefined || (await parts.target.read(snapshot)) === undefined) {
        throw new PublicationError(
          'snapshot-unknown',
          `no snapshot ${snapshot} is kept; assay snapshot list shows them`,
        );
      }
      return swapTo(parts, live, { snapshot, size: wanted.size }, true);
    });
  }

  sweep(search: boolean): Promise<Swept> {
    const { keys, renderer, clock, graceMs } = this.#options;
    const common = { keys, target: this.#target, renderer, now: clock.now, goOn: () => this.#goOn() };
    return this.#around(() => sweep({ ...common, leased: (work) => this.#withLease(work) }, graceMs, search));
  }

  #leased<T>(work: (parts: PublishParts) => Promise<T>): Promise<T> {
    return this.#around(() => this.#withLease(work));
  }

  #around<T>(work: () => Promise<T>): Promise<T> {
    const { around = (made) => made() } = this.#options;
    return around(work);
  }

  #withLease<T>(work: (parts: PublishParts) => Promise<T>): Promise<T> {
    const { keys, renderer, clock, graceMs } = this.#options;
    const common = { keys, target: this.#target, renderer, now: clock.now, hasHook: this.#hasHook };
    const leased = (lease: Lease): Promise<T> => {
      const check = (): void => {
        // First, since who has lost it has something to note, also at the end.
        lease.check();
        this.#goOn();
      };
      return work({ ...common, freshMs: graceMs / 2, check });
    };
    return withLease(keys, PUBLICATION_LEASE, clock, leased, LEASE_TERM);
  }

  /** A server that is told to end does not end a long publication first; the next start goes on with it. */
  #goOn(): void {
    if (this.#ended.aborted) throw new StoreError('closed', 'the server is ending');
  }
}
