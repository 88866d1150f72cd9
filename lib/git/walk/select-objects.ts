import type { Breather } from '../breather.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import type { Ref } from '../refs.ts';
import type { CommitGraph, CommitNode } from './commit-graph.ts';
import { type CommitSelection, newCommits, newShallowCommits } from './commit-walk.ts';
import type { ObjectFilter } from './object-filter.ts';
import { peel } from './peel.ts';
import { TreeWalk } from './tree-walk.ts';

/** How many of the client's newest commits stand in for a parent that it lacks, when trees are compared. */
const STAND_INS = 4;
const STAT_BATCH = 2000;

export interface SelectionRequest {
  readonly wants: readonly Oid[];
  /** Objects of this repository that the client has, with everything behind them up to its shallow commits. */
  readonly haves: readonly Oid[];
  /** Where the client's history ends before the answer and after it. */
  readonly before: ReadonlySet<Oid>;
  readonly after: ReadonlySet<Oid>;
  readonly filter: ObjectFilter;
  /** Refs whose annotated tags go along when what they tag is sent: `include-tag`. */
  readonly tags: readonly Ref[];
}

/** The objects that a client lacks of what it wants. */
export async function selectObjects(
  source: ObjectSource,
  graph: CommitGraph,
  request: SelectionRequest,
  breather: Breather,
): Promise<Oid[]> {
  const wanted = await sortWants(source, request.wants);
  const haves = await commitsAmong(source, request.haves);
  const { commits, isKnown } = await selectCommits(graph, wanted.commits, haves, request, breather);
  const walk = new TreeWalk(source, request.filter, breather);
  for (const blob of wanted.blobs) walk.take(blob);
  if (haves.length === 0 || request.filter.treeDepth < Infinity) {
    await walk.whole([...wanted.trees, ...commits.map(({ tree }) => tree)]);
    // A tree asked for by name comes, at whatever depth the filter would stop.
    if (request.filter.treeDepth === 0) walk.trees.push(...wanted.trees);
  } else {
    await walk.whole(wanted.trees);
    await walkChanges(walk, graph, commits, haves, isKnown, breather);
  }
  const blobs = await smallBlobs(source, walk.blobs, new Set(wanted.blobs), request.filter);
  const picked = new Set([...wanted.tags, ...commits.map(({ oid }) => oid), ...walk.trees, ...blobs]);
  for (const tag of await tagsOf(source, request.tags, picked)) picked.add(tag);
  return [...picked];
}

/** The commits that the client lacks, where its history ends at some before and at others afterwards. */
export async function selectCommits(
  graph: CommitGraph,
  wants: readonly Oid[],
  haves: readonly Oid[],
  cuts: { readonly before: ReadonlySet<Oid>; readonly after: ReadonlySet<Oid> },
  breather: Breather,
): Promise<CommitSelection> {
  return cuts.before.size === 0 && cuts.after.size === 0
    ? newCommits(graph, wants, haves, breather)
    : newShallowCommits(graph, wants, haves, cuts, breather);
}

interface Wanted {
  readonly tags: readonly Oid[];
  readonly commits: readonly Oid[];
  readonly trees: readonly Oid[];
  readonly blobs: readonly Oid[];
}

async function sortWants(source: ObjectSource, wants: readonly Oid[]): Promise<Wanted> {
  const sorted = { tags: [] as Oid[], commits: [] as Oid[], trees: [] as Oid[], blobs: [] as Oid[] };
  const stats = await source.stat(wants);
  for (const want of new Set(wants)) {
    const { oid, type, tags } = await peel(source, want, stats.get(want));
    sorted.tags.push(...tags);
    if (type === 'commit') sorted.commits.push(oid);
    else if (type === 'tree') sorted.trees.push(oid);
    else sorted.blobs.push(oid);
  }
  return sorted;
}

/** The commits that these objects are or, as tags, end at. */
export async function commitsAmong(source: ObjectSource, oids: readonly Oid[]): Promise<Oid[]> {
  const stats = await source.stat(oids);
  const commits: Oid[] = [];
  for (const oid of oids) {
    const stat = stats.get(oid);
    if (stat?.type === 'commit') commits.push(oid);
    if (stat?.type !== 'tag') continue;
    const peeled = await peel(source, oid, stat);
    if (peeled.type === 'commit') commits.push(peeled.oid);
  }
  return commits;
}

/** Compares each commit with its parents, after these themselves, so that only what changed is looked at. */
async function walkChanges(
  walk: TreeWalk,
  graph: CommitGraph,
  commits: readonly CommitNode[],
  haves: readonly Oid[],
  isKnown: (oid: Oid) => boolean,
  breather: Breather,
): Promise<void> {
  const sent = new Set(commits.map(({ oid }) => oid));
  const newest = (await graph.load(haves)).sort((a, b) => b.date - a.date).slice(0, STAND_INS);
  for (const commit of await parentsFirst(commits, breather)) {
    const parents = commit.parents.filter((oid) => sent.has(oid) || isKnown(oid));
    const bases = parents.length > 0 ? await graph.load(parents) : newest;
    await walk.against(commit.tree, [...new Set(bases.map(({ tree }) => tree))]);
    if (breather.due()) await breather.rest();
  }
}

/**
 * Commits, newest first, in an order in which each comes after its parents. Dates alone do not give it: a version has the
 * date of what it was made of, which may be older than that of the version before, or the same.
 */
async function parentsFirst(commits: readonly CommitNode[], breather: Breather): Promise<Iterable<CommitNode>> {
  const byOid = new Map(commits.map((commit) => [commit.oid, commit]));
  const ordered = new Set<CommitNode>();
  for (const start of commits.toReversed()) {
    const path = ordered.has(start) ? [] : [{ commit: start, next: 0 }];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const parent = step.commit.parents[step.next];
      step.next += 1;
      const open = parent === undefined ? undefined : byOid.get(parent);
      if (parent === undefined) ordered.add(path.pop()!.commit);
      else if (open !== undefined && !ordered.has(open)) path.push({ commit: open, next: 0 });
      if (breather.due()) await breather.rest();
    }
  }
  return ordered;
}

async function smallBlobs(
  source: ObjectSource,
  blobs: readonly Oid[],
  named: ReadonlySet<Oid>,
  filter: ObjectFilter,
): Promise<readonly Oid[]> {
  if (filter.blobLimit === Infinity || filter.blobLimit === 0) return blobs;
  const small: Oid[] = [];
  for (let at = 0; at < blobs.length; at += STAT_BATCH) {
    const batch = blobs.slice(at, at + STAT_BATCH);
    const stats = await source.stat(batch);
    small.push(...batch.filter((oid) => named.has(oid) || (stats.get(oid)?.size ?? 0) < filter.blobLimit));
  }
  return small;
}

async function tagsOf(source: ObjectSource, refs: readonly Ref[], picked: ReadonlySet<Oid>): Promise<Oid[]> {
  const found: Oid[] = [];
  for (const ref of refs) {
    if (ref.peeled === undefined || ref.peeled === null || !picked.has(ref.peeled)) continue;
    found.push(...(await peel(source, ref.oid)).tags);
  }
  return found;
}
