import { isGitModules, nameFault } from './check-name.ts';
import { GitError } from './error.ts';
import { TreeCursor } from './tree-cursor.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, MODE_SYMLINK, MODE_TREE } from './tree-mode.ts';

const SLASH = 0x2f;

/** Where in a tree's bytes a name stands. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly isTree: boolean;
}

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
  #previous: Span | undefined;
  /** Files whose name begins every name since: only these can come again as a directory (`a`, `a.b`, `a/`). */
  #prefixes: Span[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  fault(cursor: TreeCursor): string | undefined {
    const current: Span = { start: cursor.nameStart, end: cursor.nameEnd, isTree: cursor.mode === MODE_TREE };
    const previous = this.#previous;
    this.#previous = current;
    if (previous !== undefined) {
      if (this.#sameName(previous, current)) return 'a name that comes twice';
      if (this.#compare(previous, current) > 0) return 'a name out of order';
    }
    while (this.#prefixes.length > 0 && !this.#isPrefix(this.#prefixes.at(-1)!, current)) this.#prefixes.pop();
    // What is left are prefixes of the current name, the longest on top: only that one can be the same name.
    const longest = this.#prefixes.at(-1);
    if (!current.isTree) this.#prefixes.push(current);
    else if (longest !== undefined && this.#sameName(longest, current)) return 'a name that comes twice';
    return undefined;
  }

  #sameName(a: Span, b: Span): boolean {
    return a.end - a.start === b.end - b.start && this.#isPrefix(a, b);
  }

  #isPrefix(a: Span, b: Span): boolean {
    const length = a.end - a.start;
    if (length > b.end - b.start) return false;
    return this.#bytes.compare(this.#bytes, b.start, b.start + length, a.start, a.end) === 0;
  }

  #compare(a: Span, b: Span): number {
    const common = Math.min(a.end - a.start, b.end - b.start);
    const order = this.#bytes.compare(this.#bytes, b.start, b.start + common, a.start, a.start + common);
    return order === 0 ? this.#byteAfter(a, common) - this.#byteAfter(b, common) : order;
  }

  /** A directory's name ends in a slash for the order, a file's in NUL. */
  #byteAfter(span: Span, length: number): number {
    if (span.start + length < span.end) return this.#bytes[span.start + length]!;
    return span.isTree ? SLASH : 0;
  }
}

/** Names may hold anything; what goes to a terminal may not. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '?');
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}
