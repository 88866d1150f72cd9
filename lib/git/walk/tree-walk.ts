import type { Breather } from '../breather.ts';
import { ContentCache } from '../content-cache.ts';
import { GitError } from '../error.ts';
import { readContents } from '../object-content.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import { TreeCursor } from '../tree-cursor.ts';
import { MODE_SUBMODULE, MODE_TREE } from '../tree-mode.ts';
import type { ObjectFilter } from './object-filter.ts';

const BATCH = 512;
const CACHE_BYTES = 32 * 1024 * 1024;

/** A tree, and the trees that the other side has in its place. */
interface Pair {
  readonly oid: Oid;
  readonly bases: readonly Oid[];
}

/** Collects the trees and blobs that have to be sent. */
export class TreeWalk {
  readonly #source: ObjectSource;
  readonly #filter: ObjectFilter;
  readonly #breather: Breather;
  readonly #cache = new ContentCache(CACHE_BYTES);
  /** Everything collected, and everything that the other side is known to have. */
  readonly #seen = new Set<Oid>();
  readonly trees: Oid[] = [];
  readonly blobs: Oid[] = [];

  constructor(source: ObjectSource, filter: ObjectFilter, breather: Breather) {
    this.#source = source;
    this.#filter = filter;
    this.#breather = breather;
  }

  /** Takes a blob whatever the filter says: it was asked for by name. */
  take(blob: Oid): void {
    if (this.#seen.has(blob)) return;
    this.#seen.add(blob);
    this.blobs.push(blob);
  }

  /**
   * Collects all that is below these trees, level by level over all of them at once, so that every object is met first
   * where it is least deep: that is the depth which `tree:<n>` counts.
   */
  async whole(roots: readonly Oid[]): Promise<void> {
    let level = this.#unseen(roots);
    for (let depth = 0; level.length > 0 && depth < this.#filter.treeDepth; depth += 1) {
      for (const oid of level) this.trees.push(oid);
      const next: Oid[] = [];
      const inner = depth + 1 < this.#filter.treeDepth ? level : [];
      for (let at = 0; at < inner.length; at += BATCH) {
        for await (const { oid, type, content } of readContents(this.#source, inner.slice(at, at + BATCH))) {
          if (type !== 'tree') throw new GitError('bad-object', `object ${oid} is a ${type}, not a tree`);
          this.#collect(content, next);
          if (this.#breather.due()) await this.#breather.rest();
        }
      }
      level = next;
    }
  }

  /** Collects what one tree has and the bases lack, looking only where they differ. */
  async against(root: Oid, bases: readonly Oid[]): Promise<void> {
    for (const base of bases) this.#seen.add(base);
    let level: Pair[] = this.#unseen([root]).map((oid) => ({ oid, bases }));
    while (level.length > 0) {
      const next: Pair[] = [];
      for (const pair of level) {
        this.trees.push(pair.oid);
        await this.#compare(pair, next);
        if (this.#breather.due()) await this.#breather.rest();
      }
      level = next;
    }
  }

  #collect(tree: Buffer, next: Oid[]): void {
    const blobs = this.#filter.blobLimit > 0;
    for (const cursor = new TreeCursor(tree); cursor.next();) {
      const isTree = cursor.mode === MODE_TREE;
      if (cursor.mode === MODE_SUBMODULE || (!isTree && !blobs)) continue;
      const oid = cursor.oid;
      if (this.#seen.has(oid)) continue;
      this.#seen.add(oid);
      (isTree ? next : this.blobs).push(oid);
    }
  }

  async #compare(pair: Pair, next: Pair[]): Promise<void> {
    const below = new Map<string, Oid[]>();
    const [tree, ...bases] = await this.#load([pair.oid, ...pair.bases]);
    for (const base of bases) {
      for (const cursor = new TreeCursor(base); cursor.next();) {
        const oid = cursor.oid;
        this.#seen.add(oid);
        if (cursor.mode !== MODE_TREE) continue;
        const others = below.get(cursor.name);
        if (others === undefined) below.set(cursor.name, [oid]);
        else others.push(oid);
      }
    }
    const blobs = this.#filter.blobLimit > 0;
    for (const cursor = new TreeCursor(tree!); cursor.next();) {
      const oid = cursor.oid;
      if (cursor.mode === MODE_SUBMODULE || this.#seen.has(oid)) continue;
      const isTree = cursor.mode === MODE_TREE;
      if (!isTree && !blobs) continue;
      this.#seen.add(oid);
      if (isTree) next.push({ oid, bases: below.get(cursor.name) ?? [] });
      else this.blobs.push(oid);
    }
  }

  /** Neighbouring commits share most of their trees, so these are kept for a while. */
  async #load(oids: readonly Oid[]): Promise<Buffer[]> {
    const contents = new Map<Oid, Buffer>();
    for (const oid of oids) {
      const cached = this.#cache.get(oid);
      if (cached !== undefined) contents.set(oid, cached);
    }
    const missing = [...new Set(oids)].filter((oid) => !contents.has(oid));
    for await (const { oid, content } of readContents(this.#source, missing)) {
      contents.set(oid, content);
      this.#cache.set(oid, content);
    }
    return oids.map((oid) => contents.get(oid)!);
  }

  #unseen(oids: readonly Oid[]): Oid[] {
    const unseen: Oid[] = [];
    for (const oid of oids) {
      if (this.#seen.has(oid)) continue;
      this.#seen.add(oid);
      unseen.push(oid);
    }
    return unseen;
  }
}
