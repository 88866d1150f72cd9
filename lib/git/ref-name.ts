// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u;

/** With a family's name before it, a ref must fit into a key of every store. */
const MAX_BYTES = 1024;

/** The rules of git-check-ref-format(1), for a whole name under `refs/`. */
export function isRefName(name: string): boolean {
  if (!name.startsWith('refs/') || Buffer.byteLength(name) > MAX_BYTES || FORBIDDEN.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** Names that a file system could not hold beside each other: `a` beside `a/b`. */
export class RefFolders {
  readonly #names: ReadonlySet<string>;
  /** For each folder one name below it. */
  readonly #below = new Map<string, string>();

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
    for (const name of names) for (const folder of foldersOf(name)) this.#below.set(folder, name);
  }

  /** A name that is a folder of this one, or has this one as its folder. */
  conflict(name: string): string | undefined {
    return this.#below.get(name) ?? foldersOf(name).find((folder) => this.#names.has(folder));
  }
}

function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
}
