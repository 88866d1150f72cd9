import type { AssayClient } from '../assay-client.ts';
import type { AuthorEntry, AuthorRepository } from './author-repository.ts';

/** What a server takes in one question. */
const AT_ONCE = 50_000;

export interface Wanted {
  readonly family: string;
  readonly tree: string;
  readonly entries: readonly AuthorEntry[];
  /** Tree of a version that the family has. */
  readonly base: string | undefined;
}

export function allObjects({ tree, entries }: Pick<Wanted, 'tree' | 'entries'>): string[] {
  return [...new Set([tree, ...entries.map(({ oid }) => oid)])];
}

type Ask = (oids: Iterable<string>) => Promise<Set<string>>;

/**
 * Which objects of a tree a family lacks. Where the author's repository knows the tree of a version that is there, only
 * what is beyond that is asked for.
 */
export async function missingObjects(
  client: AssayClient,
  repository: AuthorRepository,
  { family, tree, entries, base }: Wanted,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const ask: Ask = (oids) => askedInParts(client, family, [...new Set(oids)], signal);
  const beyond = base === undefined ? undefined : await repository.beyond(tree, base);
  return beyond === undefined ? askedFromTheTop(ask, tree, entries) : [...(await ask(beyond))];
}

/**
 * What a family has, it has with everything behind it, so below a folder that is there nothing is asked for. Trees are
 * asked for first, then the files of those that are missing.
 */
async function askedFromTheTop(ask: Ask, tree: string, entries: readonly AuthorEntry[]): Promise<string[]> {
  const [root] = await ask([tree]);
  if (root === undefined) return [];
  const trees = entries.filter(({ type }) => type === 'tree');
  const missingTrees = await ask(trees.map(({ oid }) => oid));
  const open = new Set(['', ...trees.filter(({ oid }) => missingTrees.has(oid)).map(({ path }) => path)]);
  const files = entries.filter(({ type, path }) => type !== 'tree' && open.has(folderOf(path)));
  return [root, ...missingTrees, ...(await ask(files.map(({ oid }) => oid)))];
}

async function askedInParts(
  client: AssayClient,
  family: string,
  oids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  const missing = new Set<string>();
  for (let at = 0; at < oids.length; at += AT_ONCE) {
    for (const oid of await client.missing(family, oids.slice(at, at + AT_ONCE), { signal })) missing.add(oid);
  }
  return missing;
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
