import type { Breather } from '../breather.ts';
import { checkObject } from '../check-object.ts';
import { GitError } from '../error.ts';
import type { ObjectSource } from '../object-source.ts';
import type { ObjectType } from '../object-type.ts';
import type { Oid } from '../oid.ts';
import type { PackedObject, Quarantine } from '../quarantine.ts';
import { parseTag } from '../tag.ts';
import { parseCommit } from '../commit.ts';
import { readContent } from '../object-content.ts';
import { parseTree, type TreeEntry } from '../tree.ts';
import { TreeCursor } from '../tree-cursor.ts';
import { MODE_TREE, typeOfMode } from '../tree-mode.ts';

const STAT_BATCH = 2000;
/** What Linux takes for a path; it bounds the depth of trees as well. */
const LONGEST_PATH = 4096;

/** An object that something points at: as what, and where it stands. */
interface Reference {
  readonly oid: Oid;
  readonly type: ObjectType | undefined;
  readonly path: string;
  /** A tree of the repository that stands at the same place. */
  readonly base?: Oid | undefined;
}

interface Visit {
  readonly object: PackedObject;
  readonly path: string;
  readonly base: Oid | undefined;
}

/**
 * Walks from a new tip through the objects of a push: each passes the checker, and each that one points at is either in
 * the push or in the repository already, which has everything behind it.
 */
export class Connectivity {
  readonly #pushed: Quarantine | undefined;
  readonly #stored: ObjectSource;
  readonly #breather: Breather;
  /** Objects of the push that were found good, with all behind them. */
  readonly reached = new Set<Oid>();

  constructor(pushed: Quarantine | undefined, stored: ObjectSource, breather: Breather) {
    this.#pushed = pushed;
    this.#stored = stored;
    this.#breather = breather;
  }

  /**
   * Throws `object-missing`, `forbidden-content` or `bad-object`, and then counts nothing of this tip as reached. What a
   * tree has in common with one of the repository, named as `base`, need not be looked for.
   */
  async check(tip: Oid, type: ObjectType | undefined, base?: Oid): Promise<void> {
    const walk = new Walk(this.#pushed, this.reached);
    walk.follow({ oid: tip, type, path: '', base });
    for (let next = walk.next(); next !== undefined; next = walk.next()) {
      await walk.visit(next, await this.#entriesOf(next.base));
      if (walk.outside.size >= STAT_BATCH) await this.#checkOutside(walk.outside);
      if (this.#breather.due()) await this.#breather.rest();
    }
    await this.#checkOutside(walk.outside);
    for (const oid of walk.found) this.reached.add(oid);
  }

  async #entriesOf(tree: Oid | undefined): Promise<ReadonlyMap<string, TreeEntry> | undefined> {
    if (tree === undefined) return undefined;
    const { content } = await readContent(this.#stored, tree);
    return new Map(parseTree(content).map((entry) => [entry.name, entry]));
  }

  async #checkOutside(outside: Map<Oid, Reference>): Promise<void> {
    const present = await this.#stored.stat([...outside.keys()]);
    for (const [oid, { type, path }] of outside) {
      const found = present.get(oid);
      if (found === undefined) {
        throw new GitError('object-missing', `${at(path)}object ${oid} is neither in the push nor in the repository`);
      }
      checkType(oid, found.type, type, path);
    }
    outside.clear();
  }
}

class Walk {
  readonly #pushed: Quarantine | undefined;
  readonly #reached: ReadonlySet<Oid>;
  readonly #work: Visit[] = [];
  readonly found = new Set<Oid>();
  readonly outside = new Map<Oid, Reference>();

  constructor(pushed: Quarantine | undefined, reached: ReadonlySet<Oid>) {
    this.#pushed = pushed;
    this.#reached = reached;
  }

  next(): Visit | undefined {
    return this.#work.pop();
  }

  follow(reference: Reference): void {
    const { oid, type, path, base } = reference;
    const object = this.#pushed?.get(oid);
    if (object === undefined) {
      const earlier = this.outside.get(oid);
      if (earlier !== undefined && type !== undefined) checkType(oid, type, earlier.type, path);
      this.outside.set(oid, reference);
      return;
    }
    checkType(oid, object.type, type, path);
    if (this.found.has(oid) || this.#reached.has(oid)) return;
    this.found.add(oid);
    // Blobs may hold anything and point at nothing.
    if (object.type !== 'blob') this.#work.push({ object, path, base });
  }

  async visit({ object, path }: Visit, known: ReadonlyMap<string, TreeEntry> | undefined): Promise<void> {
    const content = await this.#pushed!.content(object);
    checkObject(object.type, content, path);
    if (object.type === 'tree') this.#followTree(content, path, known);
    else if (object.type === 'commit') this.#followCommit(content);
    else this.#followTag(content);
  }

  #followTree(content: Buffer, path: string, known: ReadonlyMap<string, TreeEntry> | undefined): void {
    if (path.length > LONGEST_PATH)
      throw new GitError('forbidden-content', `a path of more than ${LONGEST_PATH} bytes`);
    for (const cursor = new TreeCursor(content); cursor.next();) {
      const { mode, name, oid } = cursor;
      const before = known?.get(name);
      if (before?.oid === oid && before.mode === mode) continue;
      const isTree = mode === MODE_TREE;
      const below = isTree ? `${path}${name}/` : path;
      const base = isTree && before?.mode === MODE_TREE ? before.oid : undefined;
      this.follow({ oid, type: typeOfMode(mode), path: below, base });
    }
  }

  #followCommit(content: Buffer): void {
    const { tree, parents } = parseCommit(content);
    this.follow({ oid: tree, type: 'tree', path: '' });
    for (const parent of parents) this.follow({ oid: parent, type: 'commit', path: '' });
  }

  #followTag(content: Buffer): void {
    const { object, type } = parseTag(content);
    this.follow({ oid: object, type, path: '' });
  }
}

function checkType(oid: Oid, is: ObjectType, expected: ObjectType | undefined, path: string): void {
  if (expected === undefined || is === expected) return;
  throw new GitError('bad-object', `${at(path)}object ${oid} is a ${is} where a ${expected} belongs`);
}

function at(path: string): string {
  return path === '' ? '' : `${path.slice(0, 300)}: `;
}
