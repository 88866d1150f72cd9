import type { HistoryEnds } from '../../git/history-ends.ts';
import type { ObjectSource } from '../../git/object-source.ts';
import type { Oid } from '../../git/oid.ts';
import type { Ref } from '../../git/refs.ts';
import { CommitGraph, type CommitNode } from '../../git/walk/commit-graph.ts';
import { commitsAmong } from '../../git/walk/select-objects.ts';

/** The commits of a family that refs reach, to tell where its history can end. */
export class Line {
  readonly #nodes = new Map<Oid, CommitNode>();
  readonly #children = new Map<Oid, Oid[]>();
  readonly #breathe: () => Promise<void> | undefined;

  private constructor(breathe: () => Promise<void> | undefined) {
    this.#breathe = breathe;
  }

  static async of(
    objects: ObjectSource,
    refs: readonly Ref[],
    ends: HistoryEnds,
    breathe: () => Promise<void> | undefined,
  ): Promise<Line> {
    const line = new Line(breathe);
    const graph = new CommitGraph(objects, ends);
    let level = await commitsAmong(
      objects,
      refs.map(({ oid }) => oid),
    );
    while (level.length > 0) {
      const next = new Set<Oid>();
      for (const node of await graph.load(level)) {
        line.#add(node);
        for (const parent of node.parents) if (!line.#nodes.has(parent)) next.add(parent);
      }
      await breathe();
      level = [...next].filter((oid) => !line.#nodes.has(oid));
    }
    return line;
  }

  #add(node: CommitNode): void {
    if (this.#nodes.has(node.oid)) return;
    this.#nodes.set(node.oid, node);
    for (const parent of node.parents) {
      const children = this.#children.get(parent);
      if (children === undefined) this.#children.set(parent, [node.oid]);
      else children.push(node.oid);
    }
  }

  /** All commits but these, and what was made on top of one that is none of these. */
  async others(these: ReadonlySet<Oid>): Promise<ReadonlySet<Oid>> {
    const others = new Set<Oid>();
    for (const oid of this.#nodes.keys()) {
      await this.#breathe();
      if (!these.has(oid)) others.add(oid);
    }
    // What is added on the way is walked as well.
    for (const oid of others) {
      await this.#breathe();
      for (const child of this.#children.get(oid) ?? []) others.add(child);
    }
    return others;
  }

  /** These commits and all that is behind them. */
  async reached(commits: readonly Oid[]): Promise<ReadonlySet<Oid>> {
    const reached = new Set(commits.filter((oid) => this.#nodes.has(oid)));
    for (const oid of reached) {
      await this.#breathe();
      for (const parent of this.#nodes.get(oid)?.parents ?? []) reached.add(parent);
    }
    return reached;
  }

  /**
   * The commits with which history is to end when this one goes. Undefined where one of them has other parents too, which
   * Git would cut off as well.
   */
  endsWithout(commit: Oid): readonly Oid[] | undefined {
    const children = this.#children.get(commit) ?? [];
    return children.every((child) => this.#nodes.get(child)?.parents.length === 1) ? children : undefined;
  }
}
