import type { Clock } from '../store/clock.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { withLease } from '../store/lease.ts';
import { HOOK_LEASE, LEASE_TERM } from './leases.ts';
import { runHook, isHookDue, type TellHook } from './deploy-hook.ts';
import { unlessBusy } from './unless-busy.ts';
import { readState } from './publication-state.ts';

export interface HookTellerOptions {
  readonly keys: KeyedStore;
  readonly clock: Clock;
  readonly hook: TellHook;
  readonly ended: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/** Tells the deploy hook what is in the outbox, one at a time of all servers on the store. */
export class HookTeller {
  readonly #options: HookTellerOptions;
  #telling: Promise<void> | undefined;

  constructor(options: HookTellerOptions) {
    this.#options = options;
  }

  /** Once, if it is due. */
  async tell(): Promise<void> {
    const { keys, clock, hook, ended } = this.#options;
    const pending = (await readState(keys)).state.hook;
    if (pending === undefined || !isHookDue(pending, clock.now())) return;
    await unlessBusy(withLease(keys, HOOK_LEASE, clock, () => runHook(keys, hook, clock.now, ended), LEASE_TERM));
  }

  /** The same beside the rest, unless it is under way: a receiver may take its time. */
  begin(): void {
    this.#telling ??= this.tell()
      .catch(this.#options.onFailure)
      .finally(() => (this.#telling = undefined));
  }

  async stop(): Promise<void> {
    await this.#telling;
  }
}
