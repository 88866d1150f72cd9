import { checkBytes, type CheckOptions } from './check-bytes.ts';
import { compareDirectory, isSame } from './compare-directory.ts';
import type { LoadedDefinition } from './load-definition.ts';

/** Whether a directory is a definition, no more and no less. A server's word for it is held against the layer's digest. */
export async function isExactly(
  definition: LoadedDefinition,
  directory: string,
  options: CheckOptions = {},
): Promise<boolean> {
  if (!isSame(await compareDirectory(definition.tree, directory, options))) return false;
  if (definition.isProved) return true;
  if ((await checkBytes(definition, directory, options)).length > 0) return false;
  await definition.keep();
  return true;
}
