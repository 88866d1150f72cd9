// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u;

/** The rules of git-check-ref-format(1), for a whole name under `refs/`. */
export function isRefName(name: string): boolean {
  if (!name.startsWith('refs/') || name.length > 1024 || FORBIDDEN.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** The refs whose names a file system could not hold beside this one: `a` beside `a/b`. */
export function conflictsWith(name: string, others: Iterable<string>): string | undefined {
  for (const other of others) {
    if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) return other;
  }
  return undefined;
}
