import { METADATA_FILES } from '../../definition/metadata/metadata.ts';
import { compareVersions, isVersion } from '../../definition/version-name.ts';
import type { AuthorRepository } from './author-repository.ts';

/**
 * Folders that are definitions, in a commit or (with none) as they lie there: at a path or, where it is none itself,
 * below it. What lies in a definition is a part of it. Older versions come before newer ones.
 */
export async function findDefinitions(
  repository: AuthorRepository,
  commit: string | undefined,
  below: string,
): Promise<string[]> {
  const names = Object.values(METADATA_FILES);
  if (commit !== undefined && (await repository.namesIn(commit, below)).some((name) => names.includes(name))) {
    return [below];
  }
  const files = await (commit === undefined
    ? repository.namedInWorktree(names)
    : repository.named(commit, below, names));
  const folders = files.map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  const inside = [...new Set(folders)].filter((folder) => isBelow(folder, below));
  const outermost = inside.filter((folder) => !inside.some((other) => other !== folder && isBelow(folder, other)));
  return outermost.sort(byVersion);
}

function isBelow(folder: string, other: string): boolean {
  return other === '' || folder === other || folder.startsWith(`${other}/`);
}

function byVersion(a: string, b: string): number {
  const [familyA, versionA] = split(a);
  const [familyB, versionB] = split(b);
  if (familyA !== familyB) return familyA < familyB ? -1 : 1;
  if (isVersion(versionA) && isVersion(versionB)) return compareVersions(versionA, versionB);
  return versionA < versionB ? -1 : 1;
}

function split(path: string): [family: string, version: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
}
