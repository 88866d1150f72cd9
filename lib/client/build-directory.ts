import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '../definition/wire.ts';
import { checkBytes } from './check-bytes.ts';
import { ClientError, isClientError } from './client-error.ts';
import { fetchContent, type Fetched, type OnProgress } from './fetch-content.ts';
import { digestsOf, layOutFiles, layOutFolders, layOutLinks } from './lay-out.ts';
import type { LoadedDefinition, Place } from './load-definition.ts';
import { newFiles, type NewFiles } from './new-files.ts';
import { isOutOfReach } from './resolve-ref.ts';

/** A cache that others empty, or a disk that turns bits, may need a second round; more means that something is wrong. */
const ROUNDS = 4;

/** Fills a new, empty folder with a definition's files, and checks all of it; returns what had to be fetched for that. */
export async function buildDirectory(
  root: string,
  family: string,
  definition: LoadedDefinition,
  options: Place & { readonly onProgress?: OnProgress | undefined; readonly make?: NewFiles },
): Promise<Fetched> {
  const { tree } = definition;
  const make = options.make ?? newFiles;
  const fetched: Fetched = { files: 0, bytes: 0 };
  await layOutFolders(tree, root, make);
  let todo: readonly FileEntry[] = tree.files;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const lacking = await layOutFiles(tree, todo, root, { ...options, make });
    if (lacking.length > 0) {
      await fetchLacking(lacking, round === 1);
      todo = lacking;
      continue;
    }
    const damaged = await checkBytes(definition, root, options);
    if (damaged.length === 0) {
      await layOutLinks(tree, root, make);
      await definition.keep();
      return fetched;
    }
    // What was fetched was checked, so it is the cache's copy that went bad.
    for (const { path, digest } of damaged) {
      await rm(join(root, path));
      await options.cache.drop(digest);
    }
    todo = damaged;
  }
  throw new ClientError('wrong-bytes', `${options.cache.layout.folder} does not keep what is put into it`);

  async function fetchLacking(lacking: readonly FileEntry[], again: boolean): Promise<void> {
    if (options.offline === true) throw notCached(lacking);
    try {
      const { files, bytes } = await fetchContent(family, definition, digestsOf(lacking), options);
      fetched.files += files;
      fetched.bytes += bytes;
    } catch (error) {
      if (isOutOfReach(error)) throw notCached(lacking, error as ClientError);
      // Bytes that turned on their way may come right the next time; what came whole is in the cache.
      if (!again || !isClientError(error, 'wrong-bytes')) throw error;
    }
  }

  function notCached(lacking: readonly FileEntry[], cause?: ClientError): ClientError {
    const what = `${lacking.length} of ${tree.files.length} files are not in the cache at ${options.cache.layout.folder}`;
    if (cause === undefined) return new ClientError('not-cached', what);
    return new ClientError(cause.code, `${cause.message}, and ${what}`, { cause });
  }
}
