import type { ContentStore } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { runKey } from '../store/keys.ts';
import { Bodies } from './bodies.ts';
import { quoted } from './field-check.ts';
import { isRunId } from './record-check.ts';
import { RunError } from './run-error.ts';
import type { RunState } from './run-state.ts';

/** A run as it was read: the value that a commit must still find. */
export interface FoundRun {
  readonly id: string;
  readonly value: Uint8Array;
  readonly state: RunState;
}

/** Runs as they are kept. */
export class StoredRuns {
  readonly keys: KeyedStore;
  readonly bodies: Bodies;

  constructor(keys: KeyedStore, content: ContentStore) {
    this.keys = keys;
    this.bodies = new Bodies(keys, content);
  }

  async find(id: string): Promise<FoundRun | undefined> {
    const value = isRunId(id) ? await this.keys.get(runKey(id)) : undefined;
    return value === undefined ? undefined : { id, value, state: decodeJson<RunState>(value) };
  }

  async known(id: string): Promise<FoundRun> {
    const found = await this.find(id);
    if (found === undefined)
      throw new RunError('run-unknown', `there is no run ${quoted(id)}`, { id: id.slice(0, 300) });
    return found;
  }
}

/** An id is never used again, not for the same content either. */
export function checkNotErased(id: string, { erased }: RunState): void {
  if (erased === undefined) return;
  throw new RunError('run-erased', `the run ${id} was erased: ${erased.reason}`, { id });
}
