import { describe, expect, test } from 'vitest';
import { fileError } from '../../../lib/store/files/file-error.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed, open 'x'`), { code, syscall: 'open' });
}

describe('what the file system says', () => {
  test.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EROFS', 'read-only'],
    ['EMFILE', 'busy'],
    ['ENFILE', 'busy'],
    ['EIO', 'failed'],
  ])('of %s becomes the code %s, with its cause', (code, expected) => {
    const cause = systemError(code);
    expect(fileError(cause, 'writing')).toMatchObject({ name: 'StoreError', code: expected, cause });
  });
});
