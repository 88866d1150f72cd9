import { StoreError } from '../store-error.ts';
import { SourceFailed } from '../from-source.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** As many files are open as may be; others end. */
const NO_DESCRIPTOR = new Set(['EMFILE', 'ENFILE']);

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Only where a name is truly not there; what cannot be looked at may be. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** What was to be new has its name already. */
export function isThere(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

/** Where a folder was looked for, a file lies. */
export function isNoFolder(error: unknown): boolean {
  return codeOf(error) === 'ENOTDIR';
}

/** Turns what the file system said into a StoreError; everything else passes as it is, and so does what a source said. */
export function fileError(error: unknown, doing: string): unknown {
  if (error instanceof SourceFailed) return error.cause;
  const code = codeOf(error);
  if (code === undefined || error instanceof StoreError) return error;
  if (NO_ROOM.has(code)) return new StoreError('full', `no room left while ${doing}`, { cause: error });
  if (NO_DESCRIPTOR.has(code)) return new StoreError('busy', `too many files are open for ${doing}`, { cause: error });
  if (code === 'EROFS') return new StoreError('read-only', `the disk is read-only: ${doing}`, { cause: error });
  if (code.startsWith('E') && error instanceof Error && 'syscall' in error) {
    return new StoreError('failed', `the file system failed while ${doing}: ${code}`, { cause: error });
  }
  return error;
}
