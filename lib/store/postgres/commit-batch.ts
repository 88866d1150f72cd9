import { asBuffer } from '../../encoding/as-buffer.ts';
import type { Commit } from '../keyed-store.ts';
import { byteaArray, integerArray } from './bytea-array.ts';

const MAX_COMMITS = 128;
const MAX_KEYS = 256;
const MAX_BYTES = 1024 * 1024;
const MAX_ROUNDS = 16;

/**
 * Commits that one transaction makes, as if one after the other: by round, and within a round as they came. One that
 * touches what another of its round changes goes to a later round; so the checks of a round can all be decided before
 * its changes are made, and no key is changed twice in a round.
 */
export class CommitBatch {
  readonly commits: Commit[] = [];
  readonly #rounds: number[] = [];
  readonly #changedIn = new Map<string, number>();
  #keys = 0;
  #bytes = 0;

  /** False where the batch is full; an empty one takes anything. */
  add(commit: Commit): boolean {
    const { checks = [], puts = [], deletes = [] } = commit;
    const checked = checks.map(({ key }) => nameOf(key));
    const changed = [...puts.map(({ key }) => nameOf(key)), ...deletes.map(nameOf)];
    const round = this.#roundAfter(checked, changed);
    const keys = checked.length + changed.length;
    const bytes = [...checks, ...puts].reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (this.commits.length > 0 && !this.#hasRoom(round, keys, bytes)) return false;
    this.commits.push(commit);
    this.#rounds.push(round);
    for (const name of changed) this.#changedIn.set(name, round);
    this.#keys += keys;
    this.#bytes += bytes;
    return true;
  }

  /** What `assay.commit` takes behind writer and turn. */
  get parameters(): unknown[] {
    const checks = this.commits.flatMap(({ checks = [] }, at) => checks.map((check) => ({ ...check, owner: at + 1 })));
    const puts = this.commits.flatMap(({ puts = [] }, at) => puts.map((put) => ({ ...put, owner: at + 1 })));
    const deletes = this.commits.flatMap(({ deletes = [] }, at) => deletes.map((key) => ({ key, owner: at + 1 })));
    return [
      integerArray(this.#rounds),
      ownersOf(checks),
      keysOf(checks),
      byteaArray(checks.map(({ value }) => value)),
      ownersOf(puts),
      keysOf(puts),
      byteaArray(puts.map(({ value }) => value)),
      ownersOf(deletes),
      keysOf(deletes),
    ];
  }

  #roundAfter(checked: readonly string[], changed: readonly string[]): number {
    return Math.max(0, ...[...checked, ...changed].map((name) => (this.#changedIn.get(name) ?? -1) + 1));
  }

  #hasRoom(round: number, keys: number, bytes: number): boolean {
    return (
      this.commits.length < MAX_COMMITS &&
      round < MAX_ROUNDS &&
      this.#keys + keys <= MAX_KEYS &&
      this.#bytes + bytes <= MAX_BYTES
    );
  }
}

function ownersOf(items: readonly { readonly owner: number }[]): string {
  return integerArray(items.map(({ owner }) => owner));
}

function keysOf(items: readonly { readonly key: Uint8Array }[]): Buffer {
  return byteaArray(items.map(({ key }) => key));
}

function nameOf(key: Uint8Array): string {
  return asBuffer(key).toString('latin1');
}
