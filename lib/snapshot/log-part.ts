import { EMPTY_FRONTIER, extend, rootOf, type Frontier } from '../log/frontier.ts';
import { entriesIn } from '../log/tiles.ts';
import { hashesIn, levelWidth, TILE_HEIGHT, TILE_WIDTH } from '../log/tile.ts';
import { leafHash, perfectHash } from '../log/tree-hash.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import type { Documents } from './documents.ts';
import { changeList, EMPTY_LIST, listItem, type List, type ListNode } from './list.ts';
import type { Ref } from './objects.ts';
import { CHUNK_ENTRIES } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { LogPaths } from './wire.ts';

/** The log within a snapshot while entries are added to it: its pieces of entries, and the tiles of its tree. */
export class LogPart {
  readonly #documents: Documents;
  readonly #before: LogPaths;
  readonly #sizeBefore: number;
  #frontier: Frontier;
  readonly #edge: Buffer[][];
  /** Those of the last piece that the snapshot before has. */
  readonly lastEntries: readonly Uint8Array[];
  #chunk: Buffer[];
  readonly #chunks = new Map<number, Ref>();
  readonly #tiles: Map<number, Ref>[] = [];

  private constructor(documents: Documents, before: LogPaths, frontier: Frontier, edge: Buffer[][], chunk: Buffer[]) {
    this.#documents = documents;
    this.#before = before;
    this.#sizeBefore = frontier.size;
    this.#frontier = frontier;
    this.#edge = edge;
    this.lastEntries = chunk;
    this.#chunk = chunk.length === CHUNK_ENTRIES ? [] : [...chunk];
  }

  static async open(documents: Documents, size: number, before: LogPaths): Promise<LogPart> {
    const { frontier, edge } = await edgeOf(documents, size, before.tiles);
    return new LogPart(documents, before, frontier, edge, await lastChunk(documents, size, before.entries));
  }

  get size(): number {
    return this.#frontier.size;
  }

  get root(): Buffer {
    return rootOf(this.#frontier);
  }

  async add(entry: Uint8Array): Promise<void> {
    const whole: { level: number; index: number }[] = [];
    this.#frontier = extend(this.#frontier, [leafHash(entry)], (height, index, hash) => {
      if (height % TILE_HEIGHT !== 0) return;
      const level = height / TILE_HEIGHT;
      const hashes = (this.#edge[level] ??= []);
      hashes.push(hash);
      if (hashes.length === TILE_WIDTH) whole.push({ level, index: Math.floor(index / TILE_WIDTH) });
    });
    this.#chunk.push(asBuffer(entry));
    if (this.#chunk.length === CHUNK_ENTRIES) await this.#writeChunk(this.size / CHUNK_ENTRIES - 1);
    for (const { level, index } of whole) {
      await this.#writeTile(level, index);
      this.#edge[level] = [];
    }
  }

  async end(): Promise<LogPaths> {
    if (this.size === this.#sizeBefore) return this.#before;
    if (this.#chunk.length > 0) await this.#writeChunk(Math.floor(this.size / CHUNK_ENTRIES));
    for (const [level, hashes] of this.#edge.entries()) {
      if (hashes.length > 0) await this.#writeTile(level, Math.floor(levelWidth(this.size, level) / TILE_WIDTH));
    }
    const entries = await changeList(this.#documents, this.#before.entries, this.#chunks);
    const tiles: List[] = [];
    for (let level = 0; levelWidth(this.size, level) > 0; level += 1) {
      const before = this.#before.tiles[level] ?? EMPTY_LIST;
      tiles.push(await changeList(this.#documents, before, this.#tiles[level] ?? new Map()));
    }
    return { entries, tiles };
  }

  async #writeChunk(index: number): Promise<void> {
    const pieces = this.#chunk.flatMap((entry) => [lengthOf(entry), entry]);
    this.#chunks.set(index, await this.#documents.writeBytes(Buffer.concat(pieces)));
    this.#chunk = [];
  }

  async #writeTile(level: number, index: number): Promise<void> {
    const ref = await this.#documents.writeBytes(Buffer.concat(this.#edge[level]!));
    (this.#tiles[level] ??= new Map()).set(index, ref);
  }
}

/** C2SP tlog-tiles, "Log Entries": each entry behind its length. */
function lengthOf(entry: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(entry.length);
  return length;
}

/** So many entries are in the piece. */
export function chunkWidth(size: number, index: number): number {
  return Math.min(CHUNK_ENTRIES, size - index * CHUNK_ENTRIES);
}

async function lastChunk(documents: Documents, size: number, entries: List): Promise<Buffer[]> {
  if (size === 0) return [];
  const width = chunkWidth(size, Math.ceil(size / CHUNK_ENTRIES) - 1);
  return entriesIn(asBuffer(await lastItem(documents, entries)), width);
}

/** Of each level the hashes of the tile that is not full, and the frontier that they are. */
async function edgeOf(
  documents: Documents,
  size: number,
  tiles: readonly List[],
): Promise<{ frontier: Frontier; edge: Buffer[][] }> {
  const edge: Buffer[][] = [];
  if (size === 0) return { frontier: EMPTY_FRONTIER, edge };
  for (let level = 0; levelWidth(size, level) > 0; level += 1) {
    const width = levelWidth(size, level) % TILE_WIDTH;
    const hashes = width === 0 ? [] : hashesIn(await lastItem(documents, tiles[level] ?? EMPTY_LIST));
    if (hashes.length !== width)
      throw new SnapshotError('object-wrong', `the last tile of level ${level} is not of its width`);
    edge.push(hashes);
  }
  const hashes: Buffer[] = [];
  for (const level of edge.toReversed()) {
    for (let at = 0, bit = TILE_WIDTH / 2; bit >= 1; bit /= 2) {
      if ((level.length & bit) === 0) continue;
      hashes.push(perfectHash(level.slice(at, at + bit)));
      at += bit;
    }
  }
  return { frontier: { size, hashes }, edge };
}

async function lastItem(documents: Documents, list: List): Promise<Uint8Array> {
  const ref = await listItem((node) => documents.read<ListNode>(node), list, list.count - 1);
  if (ref === undefined) throw new SnapshotError('object-wrong', 'a list of the log is empty');
  return documents.readBytes(ref);
}
