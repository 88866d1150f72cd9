import type { Digest } from '../encoding/digest.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { digestsOfKey, referrerKey, tagsByManifestOf } from '../store/keys.ts';
import { UnreadableManifest, type Collection } from './collection.ts';
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
  const manifests = storedManifests(
    stores.keys,
    registry.content,
    family,
    (digest, cause) => new UnreadableManifest(digest, cause),
  );
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
    else if (due) await remove(collection, strike);
    else await mark(collection, strike);
  }
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
