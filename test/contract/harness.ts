import { afterEach, beforeEach } from 'vitest';

/** A store that a contract suite tries, with what only its engine can do. */
export interface Trial<S> {
  readonly store: S;
  /** Closes what is open, as at the end of a process, and opens the same data again. */
  readonly reopen: () => Promise<S>;
  /** Names of everything that the engine keeps and no call of the port would show. */
  readonly leftovers?: () => Promise<readonly string[]>;
}

/** Laws that an engine may owe for a while. */
export type Law = 'least key' | 'refused whole' | 'waits at close' | 'prompt signal' | 'unlisted refusal';

/** An engine of a port: `setup` gives a fresh and empty store, `teardown` takes away all that it made. */
export interface Engine<S, T extends Trial<S> = Trial<S>> {
  readonly name: string;
  readonly setup: () => Promise<T>;
  readonly teardown: (trial: T) => Promise<void>;
  /** Laws that the engine is known to break; once it holds one of them, that is told as a failure. */
  readonly owes?: readonly Law[];
}

/** A fresh store for every test of the enclosing `describe`; to be asked for once a test runs. */
export function useEngine<S, T extends Trial<S>>({ setup, teardown }: Engine<S, T>): () => T {
  let trial: T | undefined;
  beforeEach(async () => {
    trial = await setup();
  });
  afterEach(async () => {
    if (trial !== undefined) await teardown(trial);
    trial = undefined;
  });
  return () => {
    if (trial === undefined) throw new Error('no test is running');
    return trial;
  };
}

/** How to run the test of a law: as one that must fail, where the engine still owes the law. */
export function owedBy<S, T extends Trial<S>>({ owes = [] }: Engine<S, T>, law: Law): { readonly fails: boolean } {
  return { fails: owes.includes(law) };
}
