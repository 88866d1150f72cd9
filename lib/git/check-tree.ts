import { isGitModules, nameFault } from './check-name.ts';
import { GitError } from './error.ts';
import { TreeCursor } from './tree-cursor.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, MODE_SYMLINK, MODE_TREE } from './tree-mode.ts';

const SLASH = 0x2f;

/**
 * Refuses what no push and no publish may hold. `path` is where the tree stands (`''` or `dir/`), for the message.
 * Throws `bad-object` for bytes that are no tree and `forbidden-content` for a tree that we do not keep.
 */
export function checkTree(tree: Uint8Array, path = ''): void {
  const cursor = new TreeCursor(tree);
  const order = new OrderCheck(cursor.bytes);
  while (cursor.next()) {
    const fault = entryFault(cursor) ?? order.fault(cursor);
    if (fault !== undefined) throw new GitError('forbidden-content', `${printable(path + cursor.name)}: ${fault}`);
  }
}

function entryFault(cursor: TreeCursor): string | undefined {
  const { bytes, nameStart, nameEnd } = cursor;
  return nameFault(bytes, nameStart, nameEnd) ?? modeFault(cursor) ?? nullOidFault(bytes, nameEnd + 1);
}

function modeFault(cursor: TreeCursor): string | undefined {
  if (cursor.bytes[cursor.modeStart] === 0x30) return 'a mode that begins with zero';
  switch (cursor.mode) {
    case MODE_TREE:
    case MODE_FILE:
    case MODE_EXECUTABLE:
      return undefined;
    case MODE_SYMLINK:
      return isGitModules(cursor.name) ? 'a ".gitmodules" that is a symbolic link' : undefined;
    case MODE_SUBMODULE:
      return 'a submodule; put its files into the tree instead';
    default:
      return `a mode that Git does not write (${cursor.mode.toString(8)})`;
  }
}

function nullOidFault(bytes: Buffer, start: number): string | undefined {
  for (let at = start; at < start + 20; at += 1) if (bytes[at] !== 0) return undefined;
  return 'an entry that points at the null object id';
}

/** Names must ascend in Git's order, and no name may come twice, not even once as a file and once as a directory. */
class OrderCheck {
  readonly #bytes: Buffer;
  #start = 0;
  #end = -1;
  #isTree = false;
  /**
   * Lengths of the files whose names begin the name before, which may be one of them: only these can come again as a
   * directory (`a`, `a.b`, `a/`). They ascend.
   */
  readonly #prefixes: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  fault(cursor: TreeCursor): string | undefined {
    const { nameStart: start, nameEnd: end } = cursor;
    const isTree = cursor.mode === MODE_TREE;
    const common = this.#commonLength(start, end);
    const order =
      this.#end === -1 ? -1 : this.#byteAfterPrevious(common) - byteAfter(this.#bytes, start, end, isTree, common);
    const isSame = common === end - start && common === this.#end - this.#start;
    this.#start = start;
    this.#end = end;
    this.#isTree = isTree;
    while (this.#prefixes.length > 0 && this.#prefixes.at(-1)! > common) this.#prefixes.pop();
    const isFileToo = this.#prefixes.at(-1) === end - start;
    if (isSame || (isTree && isFileToo)) return 'a name that comes twice';
    if (order > 0) return 'a name out of order';
    if (!isTree) this.#prefixes.push(end - start);
    return undefined;
  }

  /** How many bytes the name has in common with the one before. */
  #commonLength(start: number, end: number): number {
    const most = Math.min(end - start, this.#end - this.#start);
    let at = 0;
    while (at < most && this.#bytes[start + at] === this.#bytes[this.#start + at]) at += 1;
    return at;
  }

  #byteAfterPrevious(length: number): number {
    return byteAfter(this.#bytes, this.#start, this.#end, this.#isTree, length);
  }
}

/** A directory's name ends in a slash for the order, a file's in NUL. */
function byteAfter(bytes: Buffer, start: number, end: number, isTree: boolean, length: number): number {
  if (start + length < end) return bytes[start + length]!;
  return isTree ? SLASH : 0;
}

/** Names may hold anything; what goes to a terminal may not. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '?');
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}
