import type { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import type { Oid } from '../oid.ts';
import type { CommitGraph } from './commit-graph.ts';
import { reachable } from './commit-walk.ts';

/** How much history a client asks for: gitprotocol-pack(5), "depth-request". */
export interface Deepen {
  /** So many commits from each tip; with `relative` from where the client's history ends now. */
  readonly depth: number | undefined;
  readonly relative: boolean;
  /** No commit older than this, in seconds. */
  readonly since: number | undefined;
  /** No commit that these reach. */
  readonly not: readonly Oid[];
}

export interface ShallowPlan {
  /** Commits to become shallow that the client does not have so yet. */
  readonly shallow: readonly Oid[];
  /** Shallow commits of the client whose parents it will get now. */
  readonly unshallow: readonly Oid[];
  /** Where the client's history ends when it has taken the answer. */
  readonly after: ReadonlySet<Oid>;
}

/** "The depth that stands for the whole history", as `git fetch --unshallow` sends it. */
const INFINITE_DEPTH = 0x7fffffff;
const NOTHING: ReadonlySet<Oid> = new Set();

/**
 * Finds where the history ends that the client will have: at `ends`, where ours does, or before. A commit without parents is
 * never shallow: nothing is cut.
 */
export async function planShallow(
  graph: CommitGraph,
  wants: readonly Oid[],
  client: ReadonlySet<Oid>,
  { ends, ...deepen }: Deepen & { readonly ends: ReadonlySet<Oid> },
  breather: Breather,
): Promise<ShallowPlan> {
  const { inside, boundary } =
    deepen.depth === undefined
      ? await cutByRevisions(graph, wants, deepen, breather)
      : await cutByDepth(graph, wants, client, deepen, breather);
  for (const oid of ends) if (inside.has(oid)) boundary.add(oid);
  const unshallow = [...client].filter((oid) => inside.has(oid) && !boundary.has(oid));
  const shallow = [...boundary].filter((oid) => !client.has(oid));
  const after = new Set([...boundary, ...[...client].filter((oid) => !unshallow.includes(oid))]);
  return { shallow, unshallow, after };
}

interface Cut {
  readonly inside: ReadonlySet<Oid>;
  readonly boundary: Set<Oid>;
}

async function cutByDepth(
  graph: CommitGraph,
  wants: readonly Oid[],
  client: ReadonlySet<Oid>,
  deepen: Deepen,
  breather: Breather,
): Promise<Cut> {
  let starts = wants;
  let depth = deepen.depth!;
  const inside = new Set<Oid>();
  if (deepen.relative && client.size > 0) {
    const above = await reachable(graph, wants, client, breather);
    for (const oid of above.keys()) inside.add(oid);
    starts = [...client].filter((oid) => above.has(oid));
    depth += 1;
  }
  if (depth >= INFINITE_DEPTH) depth = Infinity;
  const boundary = new Set<Oid>();
  const visited = new Set<Oid>();
  let level = [...new Set(starts)];
  for (let at = 1; level.length > 0; at += 1) {
    const next = new Set<Oid>();
    for (const node of await graph.load(level)) {
      visited.add(node.oid);
      inside.add(node.oid);
      if (at < depth) for (const parent of node.parents) next.add(parent);
      else if (node.parents.length > 0) boundary.add(node.oid);
    }
    level = [...next].filter((oid) => !visited.has(oid));
    if (breather.due()) await breather.rest();
  }
  return { inside, boundary };
}

async function cutByRevisions(
  graph: CommitGraph,
  wants: readonly Oid[],
  deepen: Deepen,
  breather: Breather,
): Promise<Cut> {
  const excluded = await reachable(graph, deepen.not, NOTHING, breather);
  const since = deepen.since ?? 0;
  const inside = new Set<Oid>();
  const boundary = new Set<Oid>();
  let level = [...new Set(wants)];
  while (level.length > 0) {
    const next = new Set<Oid>();
    for (const node of await graph.load(level)) {
      if (excluded.has(node.oid) || node.date < since) continue;
      inside.add(node.oid);
      for (const parent of await graph.load(node.parents)) {
        if (excluded.has(parent.oid) || parent.date < since) boundary.add(node.oid);
        else next.add(parent.oid);
      }
    }
    level = [...next].filter((oid) => !inside.has(oid));
    if (breather.due()) await breather.rest();
  }
  if (inside.size === 0) throw new GitError('bad-request', 'no commits selected for shallow requests');
  // A tip that lies outside is sent all the same, because it was asked for: its history ends with it.
  for (const node of await graph.load(wants)) {
    if (!inside.has(node.oid) && node.parents.length > 0) boundary.add(node.oid);
  }
  return { inside, boundary };
}
