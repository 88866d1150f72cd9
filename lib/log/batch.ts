import { asBuffer } from '../encoding/as-buffer.ts';
import type { Check, Commit, Entry } from '../store/keyed-store.ts';
import { logEntryKey, logHeadKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import type { NewEntry, Prepared } from './appending.ts';
import { entryBytes } from './entry-bytes.ts';
import { encodeHead, headOf, type Backlog, type Head } from './head.ts';
import { grow, type Tree } from './tree.ts';

/** A key that a part of a batch changes: to what, and whether that part had looked at it. */
interface Change {
  readonly value: Uint8Array | undefined;
  readonly checked: boolean;
}

type ChangeOfKey = Change & { readonly key: Uint8Array };

/** The log as it stands: its head, its tree, and the time of its last entry. */
export interface Standing {
  readonly head: Head;
  readonly tree: Tree;
  /** Of an empty log the empty text, which is before all times. */
  readonly lastAt: string;
}

/** A batch as it is to be committed, and how the log stands then. */
export interface Finished {
  readonly commit: Commit;
  readonly standing: Standing;
}

/**
 * A clock that was set back by so much or less lets the times of the log stand still until it is there again; one that was
 * set back further was so wrong before that nothing should go on from what it said.
 */
const LONGEST_STANDSTILL_MS = 24 * 3_600_000;

/** Entries and plans that are to become true in one commit, as if one after the other. */
export class Batch {
  readonly #head: Head;
  readonly #tree: Tree;
  readonly #now: string;
  #lastAt: string;
  readonly #entries: Buffer[] = [];
  readonly #checks = new Map<string, Check>();
  readonly #changes = new Map<string, ChangeOfKey>();
  backlog: Backlog;

  constructor({ head, tree, lastAt }: Standing, now: string) {
    this.#head = head;
    this.#tree = tree;
    this.#now = now;
    this.#lastAt = lastAt;
    this.backlog = head.backlog;
  }

  /** The place that the next entry gets. */
  get next(): number {
    return this.#tree.frontier.size + this.#entries.length;
  }

  /** A fact that was committed before, and the mark that it waited under. */
  addEvent(entry: NewEntry, mark: Uint8Array): void {
    this.#push(entry, this.#timeOf(entry));
    this.#change({ key: mark, value: undefined, checked: false });
  }

  /** A fact from before there was a log. These are in the order of families, with the times at which they happened. */
  addOldEvent(entry: NewEntry, mark: Uint8Array): void {
    this.#push(entry, entry.at ?? this.#now);
    this.#change({ key: mark, value: undefined, checked: false });
  }

  /**
   * Adds all of a part, and returns its answer; or nothing of it and undefined, where it touches what another part
   * changes, or has read what another found otherwise: it then belongs into a later batch.
   */
  add<T>(plan: Plan, prepared: Prepared<T>): { readonly answer: () => T } | undefined {
    const index = this.next;
    const at = this.#timeOf(prepared.entry);
    const bytes = prepared.entry === undefined ? undefined : entryBytes(prepared.entry, at);
    const late = prepared.entry === undefined ? [] : (prepared.puts?.(index, at) ?? []);
    if ((late.length > 0 || !plan.isEmpty) && !this.#join(partsOf(plan.commit, late))) return undefined;
    if (bytes !== undefined) {
      this.#entries.push(bytes);
      this.#lastAt = at;
    }
    return { answer: prepared.entry === undefined ? prepared.result : () => prepared.result(index, at) };
  }

  /** Undefined where nothing would change. */
  finish(): Finished | undefined {
    if (this.#entries.length === 0 && this.#changes.size === 0 && this.backlog === this.#head.backlog) return undefined;
    const { tree, tiles } = grow(this.#tree, this.#entries);
    const head = headOf(tree.frontier, this.#head.key, this.backlog);
    const first = this.#tree.frontier.size;
    const puts: Entry[] = [{ key: logHeadKey, value: encodeHead(head) }, ...tiles];
    for (const [at, value] of this.#entries.entries()) puts.push({ key: logEntryKey(first + at), value });
    const deletes: Uint8Array[] = [];
    for (const { key, value } of this.#changes.values()) {
      if (value === undefined) deletes.push(key);
      else puts.push({ key, value });
    }
    const checks = [{ key: logHeadKey, value: encodeHead(this.#head) }, ...this.#checks.values()];
    return { commit: { checks, puts, deletes }, standing: { head, tree, lastAt: this.#lastAt } };
  }

  /** When an entry happened, as its clock said; but no earlier than the one before it, so that the log's times are in its order. */
  #timeOf(entry: NewEntry | undefined): string {
    const at = entry?.at ?? this.#now;
    const isBehind = at < this.#lastAt && Date.parse(this.#lastAt) - Date.parse(at) <= LONGEST_STANDSTILL_MS;
    return isBehind ? this.#lastAt : at;
  }

  #push(entry: NewEntry, at: string): void {
    this.#entries.push(entryBytes(entry, at));
    this.#lastAt = at;
  }

  /** Takes all of what a part checks and changes, or nothing of it. */
  #join({ checks, changes }: ReturnType<typeof partsOf>): boolean {
    if (!this.#takes(checks, changes)) return false;
    for (const check of checks) this.#checks.set(nameOf(check.key), check);
    for (const change of changes) this.#change(change);
    return true;
  }

  #takes(checks: readonly Check[], changes: readonly ChangeOfKey[]): boolean {
    for (const { key, value } of checks) {
      const other = this.#checks.get(nameOf(key));
      if (this.#changes.has(nameOf(key)) || (other !== undefined && !isSame(other.value, value))) return false;
    }
    return changes.every(({ key, value, checked }) => {
      const other = this.#changes.get(nameOf(key));
      // What an earlier part has only looked at may change behind it.
      if (other === undefined) return true;
      // Marks that whoever comes by sets, without a look: set twice they are what they are.
      return !checked && !other.checked && isSame(other.value, value);
    });
  }

  #change(change: ChangeOfKey): void {
    this.#changes.set(nameOf(change.key), change);
  }
}

function partsOf(
  { checks = [], puts = [], deletes = [] }: Commit,
  late: readonly Entry[],
): { readonly checks: readonly Check[]; readonly changes: ChangeOfKey[] } {
  const looked = new Set(checks.map(({ key }) => nameOf(key)));
  const changes = new Map<string, ChangeOfKey>();
  for (const key of deletes) changes.set(nameOf(key), { key, value: undefined, checked: looked.has(nameOf(key)) });
  for (const { key, value } of [...puts, ...late]) {
    changes.set(nameOf(key), { key, value, checked: looked.has(nameOf(key)) });
  }
  return { checks, changes: [...changes.values()] };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

function nameOf(key: Uint8Array): string {
  return asBuffer(key).toString('latin1');
}
