import type { Digest } from '../encoding/digest.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { tagsByManifestOf } from '../store/key-ranges.ts';
import { digestsOfKey, referrerKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';
import { storedManifests, type StoredManifest } from './family-manifests.ts';
import { isDue, mark, remove, unmark, type Strike } from './two-strikes.ts';

/** What is needed of a manifest to find out whether a tag reaches it. */
interface Node {
  readonly strike: Strike;
  readonly due: boolean;
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
}

/** Manifests that no tag reaches: not by its name, not through an index, and not as a referrer of one that is reached. */
export async function collectManifests(collection: Collection, family: string): Promise<void> {
  const { stores, registry, breathe } = collection;
  // As with blobs: the values first, then what names them.
  const nodes = new Map<Digest, Node>();
  const manifests = storedManifests(stores.keys, registry.content, family);
  for await (const stored of manifests) {
    await breathe();
    nodes.set(stored.digest, nodeOf(collection, family, stored));
  }
  const referrers = referrersBySubject(nodes);
  const reached = new Set<Digest>();
  for await (const { key } of entriesOf(stores.keys, tagsByManifestOf(family))) {
    await breathe();
    const [tagged] = digestsOfKey(key).digests;
    if (tagged !== undefined) reach(tagged, nodes, referrers, reached);
  }
  for (const [digest, { strike, due }] of nodes) {
    await breathe();
    if (reached.has(digest)) await unmark(collection, strike.entry);
    else if (!due) await mark(collection, strike);
  }
  await removeFromTheTop(collection, nodes, reached);
}

/**
 * Removes what is due, but never before everything that leads to it: a push that takes the mark off an index or a
 * subject in the meantime keeps with it all that lies below.
 */
async function removeFromTheTop(
  collection: Collection,
  nodes: ReadonlyMap<Digest, Node>,
  reached: ReadonlySet<Digest>,
): Promise<void> {
  const above = leadingTo(nodes);
  const gone = new Set<Digest>();
  for (let before = -1; before < gone.size;) {
    before = gone.size;
    for (const [digest, { strike, due }] of nodes) {
      await collection.breathe();
      if (!due || reached.has(digest) || gone.has(digest)) continue;
      if (!(above.get(digest) ?? []).every((other) => gone.has(other))) continue;
      if (await remove(collection, strike)) gone.add(digest);
    }
  }
}

/** Of each manifest, those by which a tag could reach it: indexes that name it, and its subject. */
function leadingTo(nodes: ReadonlyMap<Digest, Node>): Map<Digest, Digest[]> {
  const above = new Map<Digest, Digest[]>();
  function add(below: Digest, one: Digest): void {
    const others = above.get(below);
    if (others === undefined) above.set(below, [one]);
    else others.push(one);
  }
  for (const [digest, { children, subject }] of nodes) {
    for (const child of children) add(child, digest);
    if (subject !== undefined && nodes.has(subject)) add(digest, subject);
  }
  return above;
}

function nodeOf(collection: Collection, family: string, { digest, entry, link, manifest }: StoredManifest): Node {
  const { subject, named } = manifest;
  const alongside = subject === undefined ? [] : [referrerKey(family, subject, digest)];
  return {
    strike: { entry, kind: 'manifests', family, name: digest, alongside },
    due: isDue(link, collection),
    children: named.filter(({ kind }) => kind === 'manifest').map((child) => child.digest),
    subject,
  };
}

function referrersBySubject(nodes: ReadonlyMap<Digest, Node>): Map<Digest, Digest[]> {
  const found = new Map<Digest, Digest[]>();
  for (const [digest, { subject }] of nodes) {
    if (subject === undefined) continue;
    const others = found.get(subject);
    if (others === undefined) found.set(subject, [digest]);
    else others.push(digest);
  }
  return found;
}

function reach(
  from: Digest,
  nodes: ReadonlyMap<Digest, Node>,
  referrers: ReadonlyMap<Digest, readonly Digest[]>,
  reached: Set<Digest>,
): void {
  const waiting = [from];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    waiting.push(...(nodes.get(digest)?.children ?? []), ...(referrers.get(digest) ?? []));
  }
}
