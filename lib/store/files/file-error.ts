import { StoreError } from '../store-error.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Undefined only for a name that is truly not there. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** Turns what the file system said into a StoreError; everything else passes as it is. */
export function fileError(error: unknown, doing: string): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof StoreError) return error;
  if (NO_ROOM.has(code)) return new StoreError('full', `no room left while ${doing}`, { cause: error });
  if (code.startsWith('E') && error instanceof Error && 'syscall' in error) {
    return new StoreError('failed', `the file system failed while ${doing}: ${code}`, { cause: error });
  }
  return error;
}
