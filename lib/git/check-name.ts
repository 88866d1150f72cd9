import { isUtf8 } from 'node:buffer';

/** Code points that HFS+ drops when it compares names, so that `.g\u200cit` is `.git` there. */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;
/** The longest name that fsck lets pass (`largePathname`). */
const LONGEST_NAME = 4096;

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const DOT = 0x2e;

/**
 * Why a name may not stand in a tree that we keep, or undefined when it may. A name is judged for every system that
 * may check it out: what is harmless on one is `.git` on another.
 */
export function nameFault(bytes: Buffer, start: number, end: number): string | undefined {
  if (start === end) return 'an empty name';
  if (end - start > LONGEST_NAME) return `a name of more than ${LONGEST_NAME} bytes`;
  let plain = true;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte === SLASH) return 'a slash inside a name';
    if (byte === 0) return 'a NUL inside a name';
    if (byte >= 0x80 || byte === BACKSLASH) plain = false;
  }
  const first = bytes[start]!;
  // Only these can be a special name; all others, nearly all there are, cost no string.
  if (plain && first !== DOT && first !== 0x67 && first !== 0x47) return undefined;
  if (!plain && !isUtf8(bytes.subarray(start, end))) return 'a name that is not UTF-8';
  return specialNameFault(bytes.toString('utf8', start, end));
}

function specialNameFault(name: string): string | undefined {
  if (name.startsWith('.wh.')) return 'a name that begins with ".wh.", which deletes files in a layer';
  for (const part of name.split('\\')) {
    if (part === '.' || part === '..') return `"${part}", which leaves its directory`;
    if (isDotGit(part)) return 'a name that some system takes for ".git"';
  }
  return undefined;
}

/** True of `.git` and of what case folding, HFS+ or NTFS (short names, trailing dots, streams) make of it. */
function isDotGit(name: string): boolean {
  const stripped = name.replace(HFS_IGNORED, '').toLowerCase();
  const ntfs = stripped.replace(/:.*$/su, '').replace(/[ .]+$/u, '');
  return stripped === '.git' || ntfs === '.git' || ntfs === 'git~1';
}

/** True of `.gitmodules` as any system may spell it: as a symlink it makes Git read configuration from elsewhere. */
export function isGitModules(name: string): boolean {
  const stripped = name.replace(HFS_IGNORED, '').toLowerCase();
  const ntfs = stripped.replace(/:.*$/su, '').replace(/[ .]+$/u, '');
  return ntfs === '.gitmodules' || /^gitmod~[1-4]$/u.test(ntfs) || /^gi7eba~[1-9]$/u.test(ntfs);
}
