import { GitError } from '../error.ts';

/** What a partial clone leaves out: gitglossary(7) "partial clone", git-rev-list(1) `--filter`. */
export interface ObjectFilter {
  /** Blobs of this size and more stay behind; 0 leaves out all. */
  readonly blobLimit: number;
  /** Trees and blobs at this depth below a root tree, and deeper, stay behind. */
  readonly treeDepth: number;
}

export const NO_FILTER: ObjectFilter = { blobLimit: Infinity, treeDepth: Infinity };

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export function parseFilter(spec: string): ObjectFilter {
  if (spec === 'blob:none') return { ...NO_FILTER, blobLimit: 0 };
  const limit = /^blob:limit=(\d{1,15})([kmg]?)$/i.exec(spec);
  if (limit !== null) return { ...NO_FILTER, blobLimit: Number(limit[1]) * UNITS[limit[2]!.toLowerCase()]! };
  const depth = /^tree:(\d{1,15})$/.exec(spec);
  if (depth !== null) return { ...NO_FILTER, treeDepth: Number(depth[1]) };
  if (spec.startsWith('combine:')) return spec.slice('combine:'.length).split('+').map(parsePart).reduce(strictest);
  throw new GitError('bad-request', `filter "${spec.slice(0, 100)}" is not supported`);
}

/** "combine:<filter1>+<filter2>+…", each URL-encoded. */
function parsePart(part: string): ObjectFilter {
  try {
    return parseFilter(decodeURIComponent(part));
  } catch (error) {
    if (error instanceof GitError) throw error;
    throw new GitError('bad-request', 'a filter that is not URL-encoded', { cause: error });
  }
}

function strictest(a: ObjectFilter, b: ObjectFilter): ObjectFilter {
  return { blobLimit: Math.min(a.blobLimit, b.blobLimit), treeDepth: Math.min(a.treeDepth, b.treeDepth) };
}
