import type { Breather } from '../breather.ts';
import type { Oid } from '../oid.ts';
import type { CommitGraph, CommitNode } from './commit-graph.ts';
import { NewestFirst } from './newest-first.ts';

export interface CommitSelection {
  /** What to send, newest first. */
  readonly commits: readonly CommitNode[];
  /** True of commits that the walk has found to be at the other side already. */
  readonly isKnown: (oid: Oid) => boolean;
}

/**
 * The commits reachable from `wants` and not from `haves`, newest first, without going further back than needed. Where
 * dates lie, it may select a commit that the other side has: more work for the wire, never a gap.
 */
export async function newCommits(
  graph: CommitGraph,
  wants: readonly Oid[],
  haves: readonly Oid[],
  breather: Breather,
): Promise<CommitSelection> {
  const known = new Set<Oid>(haves);
  const seen = new Set<Oid>([...haves, ...wants]);
  const queue = new NewestFirst();
  const waiting = new Set<Oid>(wants.filter((oid) => !known.has(oid)));
  for (const node of await graph.load([...seen])) queue.push(node);
  const picked: CommitNode[] = [];
  while (waiting.size > 0) {
    const node = queue.pop()!;
    waiting.delete(node.oid);
    const isKnown = known.has(node.oid);
    if (!isKnown) picked.push(node);
    for (const parent of await graph.load(node.parents)) {
      if (isKnown) await spread(graph, parent, known, waiting, seen);
      if (seen.has(parent.oid)) continue;
      seen.add(parent.oid);
      if (!isKnown) waiting.add(parent.oid);
      queue.push(parent);
    }
    if (breather.due()) await breather.rest();
  }
  return { commits: picked.filter(({ oid }) => !known.has(oid)), isKnown: (oid) => known.has(oid) };
}

/** Marks a commit as known, and whatever was already seen behind it. */
async function spread(
  graph: CommitGraph,
  from: CommitNode,
  known: Set<Oid>,
  waiting: Set<Oid>,
  seen: ReadonlySet<Oid>,
): Promise<void> {
  const work = [from];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (known.has(node.oid)) continue;
    known.add(node.oid);
    waiting.delete(node.oid);
    for (const parent of node.parents) if (seen.has(parent) && !known.has(parent)) work.push(await graph.get(parent));
  }
}

/** Everything reachable from some commits in a history whose edges are cut behind the shallow ones. */
export async function reachable(
  graph: CommitGraph,
  from: readonly Oid[],
  shallow: ReadonlySet<Oid>,
  breather: Breather,
): Promise<Map<Oid, CommitNode>> {
  const found = new Map<Oid, CommitNode>();
  let frontier = [...new Set(from)];
  while (frontier.length > 0) {
    const next = new Set<Oid>();
    for (const node of await graph.load(frontier)) {
      found.set(node.oid, node);
      if (!shallow.has(node.oid)) for (const parent of node.parents) next.add(parent);
    }
    frontier = [...next].filter((oid) => !found.has(oid));
    if (breather.due()) await breather.rest();
  }
  return found;
}

/** The same selection between two shallow histories: what the one holds and the other lacks. */
export async function newShallowCommits(
  graph: CommitGraph,
  wants: readonly Oid[],
  haves: readonly Oid[],
  cuts: { readonly before: ReadonlySet<Oid>; readonly after: ReadonlySet<Oid> },
  breather: Breather,
): Promise<CommitSelection> {
  const has = await reachable(graph, haves, cuts.before, breather);
  // Where nothing is deepened, all that is behind a commit of the client's is the client's too.
  const ends = cuts.before === cuts.after ? new Set([...cuts.after, ...has.keys()]) : cuts.after;
  const needs = await reachable(graph, wants, ends, breather);
  const commits = [...needs.values()].filter(({ oid }) => !has.has(oid)).sort((a, b) => b.date - a.date);
  return { commits, isKnown: (oid) => has.has(oid) };
}
