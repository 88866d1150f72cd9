import type { Entry } from '../store/keyed-store.ts';
import type { Plan } from '../store/plan.ts';
import type { EntryFact, LogEntry } from './entry.ts';

/** An entry before it has its place; without a time it gets the clock's. */
export type NewEntry = EntryFact & { readonly by?: string; readonly at?: string };

/** What is to be said, or that nothing new is. Either way the plan is made true before the answer is given. */
export type Prepared<T> =
  | {
      readonly entry: NewEntry;
      /** What is to be put that names the entry's place, which is known only now. */
      readonly puts?: (index: number, at: string) => readonly Entry[];
      readonly result: (index: number, at: string) => T;
    }
  | { readonly entry?: undefined; readonly result: () => T };

/**
 * Reads the store and adds to the plan what is to be true together with the entry, and checks of what was read. Called
 * again where somebody else was faster, and beside others of the same batch; it changes nothing itself.
 */
export type Appending<T> = (plan: Plan) => Promise<Prepared<T>>;

/** An entry that has its place in the log. */
export interface PlacedEntry {
  readonly index: number;
  readonly bytes: Buffer;
  readonly entry: LogEntry;
}
