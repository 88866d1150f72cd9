import { asBuffer } from '../bytes.ts';
import { GitError } from '../error.ts';
import { type HistoryEnds, WHOLE_HISTORY } from '../history-ends.ts';
import { readContents } from '../object-content.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';

export interface CommitNode {
  readonly oid: Oid;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  /** The committer's, in seconds. */
  readonly date: number;
}

/** The commits of a repository, each read once. Those with which its history ends have no parents here. */
export class CommitGraph {
  readonly #source: ObjectSource;
  readonly #ends: HistoryEnds;
  readonly #nodes = new Map<Oid, CommitNode>();

  constructor(source: ObjectSource, ends: HistoryEnds = WHOLE_HISTORY) {
    this.#source = source;
    this.#ends = ends;
  }

  async get(oid: Oid): Promise<CommitNode> {
    return this.#nodes.get(oid) ?? (await this.load([oid]))[0]!;
  }

  /** Reads many at once, for sources where a question costs more than its answer. */
  async load(oids: readonly Oid[]): Promise<CommitNode[]> {
    const missing = [...new Set(oids)].filter((oid) => !this.#nodes.has(oid));
    for await (const { oid, type, content } of readContents(this.#source, missing)) {
      if (type !== 'commit') throw new GitError('bad-object', `object ${oid} is a ${type}, not a commit`);
      const node = parseNode(oid, content);
      this.#nodes.set(oid, this.#ends.has(oid) ? { ...node, parents: [] } : node);
    }
    return oids.map((oid) => this.#nodes.get(oid)!);
  }
}

/** Only what a walk needs; the commit was checked when it came in. */
function parseNode(oid: Oid, content: Buffer): CommitNode {
  const end = content.indexOf('\n\n', 0, 'latin1');
  const [tree, ...lines] = asBuffer(content)
    .toString('latin1', 0, end === -1 ? content.length : end)
    .split('\n');
  const parents: Oid[] = [];
  let date = 0;
  for (const line of lines) {
    if (line.startsWith('parent ')) parents.push(line.slice(7));
    else if (line.startsWith('committer ')) {
      date = Number(/> (\d+) /.exec(line)?.[1] ?? 0);
      break;
    }
  }
  if (tree?.startsWith('tree ') !== true) throw new GitError('bad-object', `commit ${oid} has no tree`);
  return { oid, tree: tree.slice(5), parents, date };
}
