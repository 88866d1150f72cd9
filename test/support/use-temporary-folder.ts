import { afterAll, beforeAll } from 'vitest';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A folder for the tests of the enclosing `describe` (or file); `path` can be read once they run. */
export function useTemporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  let made: Awaited<ReturnType<typeof makeTemporaryFolder>> | undefined;
  beforeAll(async () => {
    made = await makeTemporaryFolder();
    folder.path = made.path;
  });
  afterAll(() => made?.remove());
  return folder;
}
