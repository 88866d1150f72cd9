import { openCheckpoint, type Checkpoint } from '../../log/checkpoint.ts';
import { ContentRules } from '../../log/content-rules.ts';
import { EMPTY_FRONTIER, extend, rootOf, type Frontier } from '../../log/frontier.ts';
import { LogError } from '../../log/log-error.ts';
import { TILE_HEIGHT, TILE_WIDTH, tileWidth } from '../../log/tile.ts';
import { leafHash } from '../../log/tree-hash.ts';
import type { VerifierKey } from '../../log/verifier-key.ts';
import { throwIfAborted } from '../client-error.ts';
import type { OnProgress } from '../fetch-content.ts';
import type { LogReader } from './log-reader.ts';

export interface AuditOptions {
  readonly reader: LogReader;
  readonly verifier: VerifierKey;
  /** A checkpoint of the same log from earlier, which it must go on from. */
  readonly from?: Checkpoint | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface Audit {
  /** The signed text, for the next audit to go on from. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
  /** Nothing, where all is well. */
  readonly problems: readonly string[];
}

/** Who serves a log of nonsense need not be told of all of it. */
const MOST_PROBLEMS = 100;
const BUNDLES_AHEAD = 8;

/**
 * Fetches all of a log and believes nothing of it: the tree is made anew from the entries and compared with every hash that
 * is served, with the signed root, and with the root of an earlier checkpoint where the tree was that large.
 */
export async function audit({ reader, verifier, from, signal, onProgress }: AuditOptions): Promise<Audit> {
  const note = await reader.checkpoint();
  const checkpoint = openCheckpoint(note, verifier);
  const auditing = new Auditing(reader, checkpoint);
  if (from !== undefined && from.size > checkpoint.size) {
    auditing.problem(`the log had ${from.size} entries, and has ${checkpoint.size}: it has become shorter`);
  }
  if (from?.size === 0) auditing.compareRoots(from);
  let index = 0;
  for await (const entries of bundles(reader, checkpoint.size)) {
    throwIfAborted(signal);
    onProgress?.('entries', index * TILE_WIDTH, checkpoint.size);
    await auditing.bundle(index, entries, from);
    index += 1;
  }
  await auditing.finish();
  return { note, checkpoint, problems: auditing.problems };
}

class Auditing {
  readonly #reader: LogReader;
  readonly #checkpoint: Checkpoint;
  readonly #rules = new ContentRules();
  /** Of each level, the hashes of the tile that is not full yet. */
  readonly #edge: Buffer[][] = [];
  readonly problems: string[] = [];
  #frontier: Frontier = EMPTY_FRONTIER;

  constructor(reader: LogReader, checkpoint: Checkpoint) {
    this.#reader = reader;
    this.#checkpoint = checkpoint;
  }

  problem(what: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(what);
  }

  async bundle(index: number, entries: readonly Buffer[], from: Checkpoint | undefined): Promise<void> {
    const first = index * TILE_WIDTH;
    for (const [at, entry] of entries.entries()) {
      const fault = this.#rules.take(entry);
      if (fault !== undefined) this.problem(`entry ${first + at}: ${fault}`);
    }
    const full: { readonly level: number; readonly index: number }[] = [];
    const hashes = entries.map(leafHash);
    const split = from === undefined ? 0 : from.size - first;
    const isInside = split > 0 && split <= entries.length;
    for (const part of isInside ? [hashes.slice(0, split), hashes.slice(split)] : [hashes]) {
      this.#frontier = extend(this.#frontier, part, (height, place, hash) => {
        if (height % TILE_HEIGHT !== 0) return;
        const level = height / TILE_HEIGHT;
        (this.#edge[level] ??= []).push(hash);
        if ((place + 1) % TILE_WIDTH === 0) full.push({ level, index: Math.floor(place / TILE_WIDTH) });
      });
      if (from !== undefined && this.#frontier.size === from.size) this.compareRoots(from);
    }
    for (const { level, index } of full) await this.#compareTile(level, index);
  }

  compareRoots(from: Checkpoint): void {
    if (rootOf(this.#frontier).equals(from.root)) return;
    this.problem(`the first ${from.size} entries are not those that an earlier checkpoint was signed over`);
  }

  async finish(): Promise<void> {
    const { size, root } = this.#checkpoint;
    for (const [level, hashes] of this.#edge.entries()) {
      if (hashes.length > 0) await this.#compareTile(level, Math.floor(size / TILE_WIDTH ** (level + 1)));
    }
    if (!rootOf(this.#frontier).equals(root)) this.problem(`the ${size} entries do not have the root that is signed`);
  }

  /** The hashes of a level that were made since its last tile are its next. */
  async #compareTile(level: number, index: number): Promise<void> {
    const width = tileWidth(this.#checkpoint.size, level, index);
    const expected = Buffer.concat(this.#edge[level]!.splice(0, TILE_WIDTH));
    const tile = await this.#reader.tile({ level, index, width });
    if (!tile.equals(expected)) this.problem(`tile ${index} of level ${level} does not hold the hashes of the entries`);
  }
}

/** Every bundle in order, with some that are fetched ahead. */
async function* bundles(reader: LogReader, size: number): AsyncGenerator<Buffer[]> {
  const count = Math.ceil(size / TILE_WIDTH);
  const ahead: Promise<Buffer[]>[] = [];
  let next = 0;
  try {
    for (let index = 0; index < count; index += 1) {
      while (next < count && ahead.length < BUNDLES_AHEAD) {
        const fetched = reader.entries(next, tileWidth(size, 0, next));
        fetched.catch(() => undefined);
        ahead.push(fetched);
        next += 1;
      }
      yield await ahead.shift()!;
    }
  } finally {
    await Promise.allSettled(ahead);
  }
}

/** A checkpoint that any of the keys has signed. */
export function openWithAny(note: string, verifiers: readonly VerifierKey[]): Checkpoint {
  for (const verifier of verifiers) {
    try {
      return openCheckpoint(note, verifier);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
  }
  const names = verifiers.map(({ name, hash }) => `${name}+${hash}`).join(', ');
  throw new LogError('checkpoint-invalid', `the earlier checkpoint is signed by none of the keys of the log: ${names}`);
}
