import { afterAll, beforeAll } from 'vitest';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A folder for the tests of the enclosing `describe` (or file); `path` can be read once they run. */
export function useTemporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  let remove = async (): Promise<void> => {};
  beforeAll(async () => {
    const made = await makeTemporaryFolder();
    folder.path = made.path;
    remove = () => made.remove();
  });
  afterAll(() => remove());
  return folder;
}
