import type { Breather } from '../breather.ts';
import type { Oid } from '../oid.ts';
import type { CommitGraph } from './commit-graph.ts';

/** Answers whether commits reach any of a set; each commit is looked at once, however many are asked about. */
export class Ancestry {
  readonly #graph: CommitGraph;
  readonly #targets: ReadonlySet<Oid>;
  /** Commits older than this reach none of the targets, unless dates lie. */
  readonly #oldest: number;
  readonly #answers = new Map<Oid, boolean>();

  constructor(graph: CommitGraph, targets: ReadonlySet<Oid>, oldest: number) {
    this.#graph = graph;
    this.#targets = targets;
    this.#oldest = oldest;
  }

  static async of(graph: CommitGraph, targets: ReadonlySet<Oid>): Promise<Ancestry> {
    const nodes = await graph.load([...targets]);
    return new Ancestry(
      graph,
      targets,
      nodes.reduce((oldest, { date }) => Math.min(oldest, date), Infinity),
    );
  }

  /** True when the commit is a target or has one behind it. Nothing older than the oldest target is looked at. */
  async reaches(oid: Oid, breather: Breather): Promise<boolean> {
    const path = [oid];
    while (path.length > 0) {
      const current = path.at(-1)!;
      const open = this.#answers.has(current) ? undefined : await this.#step(current);
      if (open === undefined) path.pop();
      else path.push(open);
      if (breather.due()) await breather.rest();
    }
    return this.#answers.get(oid)!;
  }

  /** Answers for a commit, or names the parent that must be answered for first. */
  async #step(oid: Oid): Promise<Oid | undefined> {
    if (this.#targets.has(oid)) {
      this.#answers.set(oid, true);
      return undefined;
    }
    const node = await this.#graph.get(oid);
    const parents = node.date < this.#oldest ? [] : node.parents;
    const reaches = parents.some((parent) => this.#answers.get(parent) === true);
    const open = reaches ? undefined : parents.find((parent) => !this.#answers.has(parent));
    if (open === undefined) this.#answers.set(oid, reaches);
    return open;
  }
}

/**
 * True when `descendant` is `ancestor` or was made on top of it: a fast-forward from the one to the other. Unlike what a
 * fetch may leave out, this has to be right where dates lie, so it looks as far back as it must.
 */
export async function isAncestor(
  graph: CommitGraph,
  ancestor: Oid,
  descendant: Oid,
  breather: Breather,
): Promise<boolean> {
  return new Ancestry(graph, new Set([ancestor]), -Infinity).reaches(descendant, breather);
}
