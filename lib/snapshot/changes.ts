import type { Placed } from './facts.ts';
import { factIn } from './facts.ts';
import type { FamilyEvent } from './family-rendering.ts';
import type { RunEvent } from './run-history.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { LogSource } from './sources.ts';

/** So many facts of the entries that are added are kept; others are read again when they are needed. */
const MAX_KEPT = 20_000;

/** What entries of the log change: runs and families, each with the places of its new entries. */
export class Changes {
  readonly #log: LogSource;
  readonly #kept = new Map<number, Placed>();
  readonly #runs = new Map<string, { events: number[]; published?: number }>();
  readonly #families = new Map<string, number[]>();
  readonly #named = new Map<string, Set<string>>();
  at: string | undefined;

  /** Runs that are to be rendered again, media as well, even if no entry tells of them. */
  readonly again: ReadonlySet<string>;

  constructor(log: LogSource, again: readonly string[] = []) {
    this.#log = log;
    this.again = new Set(again);
    for (const id of again) this.#runs.set(id, { events: [] });
  }

  /** Runs that entries tell of, with the place of the first that publishes it. */
  get runs(): ReadonlyMap<string, { readonly events: readonly number[]; readonly published?: number }> {
    return this.#runs;
  }

  get families(): ReadonlyMap<string, readonly number[]> {
    return this.#families;
  }

  /** Families and versions that new runs name. */
  get named(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#named;
  }

  add(bytes: Uint8Array, index: number): void {
    const fact = factIn(bytes, index);
    if (fact === undefined) return;
    this.at = fact.at;
    if (this.#kept.size < MAX_KEPT) this.#kept.set(index, fact);
    if ('family' in fact) {
      const events = this.#families.get(fact.family);
      if (events === undefined) this.#families.set(fact.family, [index]);
      else events.push(index);
      return;
    }
    const run = this.#runs.get(fact.id) ?? { events: [] };
    this.#runs.set(fact.id, run);
    if (fact.type === 'run') run.published ??= index;
    run.events.push(index);
  }

  /** That a run which counts names a version. */
  name(family: string, version: string): void {
    const versions = this.#named.get(family) ?? new Set();
    this.#named.set(family, versions.add(version));
  }

  runEvents(places: readonly number[]): Promise<RunEvent[]> {
    return this.#facts(places) as Promise<RunEvent[]>;
  }

  familyEvents(places: readonly number[]): Promise<FamilyEvent[]> {
    return this.#facts(places) as Promise<FamilyEvent[]>;
  }

  async #facts(places: readonly number[]): Promise<Placed[]> {
    const facts: Placed[] = [];
    for (const index of places) facts.push(this.#kept.get(index) ?? (await this.#read(index)));
    return facts;
  }

  async #read(index: number): Promise<Placed> {
    for await (const bytes of this.#log.entries(index, index + 1)) {
      const fact = factIn(bytes, index);
      if (fact !== undefined) return fact;
    }
    throw new SnapshotError('log-other', `entry ${index} of the log is not what it was`);
  }
}
