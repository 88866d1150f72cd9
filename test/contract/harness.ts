import { afterEach, beforeEach } from 'vitest';

/** A store that a contract suite tries, with what only its engine can do. */
export interface Trial<S> {
  readonly store: S;
  /** Closes what is open, as at the end of a process, and opens the same data again. */
  readonly reopen: () => Promise<S>;
  /** Names of everything that the engine keeps and no call of the port would show. */
  readonly leftovers?: () => Promise<readonly string[]>;
}

/** An engine of a port: `setup` gives a fresh and empty store, `teardown` takes away all that it made. */
export interface Engine<S, T extends Trial<S> = Trial<S>> {
  readonly name: string;
  readonly setup: () => Promise<T>;
  readonly teardown: (trial: T) => Promise<void>;
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
