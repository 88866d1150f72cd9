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

  static async of(
    objects: ObjectSource,
    refs: readonly Ref[],
    ends: HistoryEnds,
    breathe: () => Promise<void> | undefined,
  ): Promise<Line> {
    const line = new Line();
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

  /**
   * The commits with which history is to end when this one goes. Undefined where it must stay: where what stands behind it
   * is no version, and would be lost with it, or where one of them has other parents too, which Git would cut off as well.
   */
  endsWithout(commit: Oid, isVersion: (oid: Oid) => boolean): readonly Oid[] | undefined {
    const children = this.#children.get(commit) ?? [];
    const parents = this.#nodes.get(commit)?.parents ?? [];
    if (!parents.every(isVersion)) return undefined;
    return children.every((child) => this.#nodes.get(child)?.parents.length === 1) ? children : undefined;
  }
}
