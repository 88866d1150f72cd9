import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { relative, sep } from 'node:path';
import type { CheckOptions } from './check-bytes.ts';
import { ClientError, isClientError } from './client-error.ts';
import type { PulledFrom } from './content-cache.ts';
import { isMissing, realPlace } from './directory-in-place.ts';
import { isExactly } from './is-exactly.ts';
import { loadDefinition, type LoadedDefinition, type Place } from './load-definition.ts';

/** What became of a directory. */
export type Outcome = 'pulled' | 'replaced' | 'already-there';

/** How often another may take the directory's place while it is looked at. */
const TRIES = 10;

interface LookOptions extends Place, CheckOptions {
  readonly force?: boolean | undefined;
}

/** What a pull may do with a directory as it is. Throws `occupied` where it may do nothing. */
export async function outcomeOn(directory: string, wanted: LoadedDefinition, options: LookOptions): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const before = await statsOf(directory);
    try {
      return await judge(directory, before, wanted, options);
    } catch (error) {
      if (tries === TRIES || !(await isOfWhatWasThere(error, before, directory))) throw error;
    }
  }
}

/** Whether it was said of something that another has taken away meanwhile. */
async function isOfWhatWasThere(error: unknown, before: Stats | undefined, directory: string): Promise<boolean> {
  if (isMissing(error) || isClientError(error, 'changed-meanwhile')) return true;
  if (!isClientError(error, 'occupied')) return false;
  const after = await statsOf(directory);
  return before?.ino !== after?.ino || before?.dev !== after?.dev;
}

async function judge(
  directory: string,
  stats: Stats | undefined,
  wanted: LoadedDefinition,
  options: LookOptions,
): Promise<Outcome> {
  if (stats === undefined) return 'pulled';
  if (stats.isDirectory() && (await isExactly(wanted, directory, options))) return 'already-there';
  if (await isOurGround(directory))
    throw occupied(directory, 'is where you are, or above it, and would be replaced; name a folder inside it');
  if (options.force === true) return 'replaced';
  if (!stats.isDirectory()) throw occupied(directory, 'is there and is no folder; --force replaces it');
  if ((await readdir(directory)).length === 0) return 'pulled';
  const known = await options.cache.pulledFrom(directory);
  for (const one of known) if (await isUnchanged(directory, one, options)) return 'replaced';
  throw occupied(directory, whyNot(known[0]));
}

function whyNot(pulled: PulledFrom | undefined): string {
  if (pulled === undefined)
    return 'holds files that were not pulled; name another folder, or replace all of it with --force';
  const what = `${pulled.family}@${pulled.version ?? pulled.digest}`;
  return `was pulled from ${what} and changed since; assay verify tells where, --force replaces all of it`;
}

async function isUnchanged(directory: string, pulled: PulledFrom, options: LookOptions): Promise<boolean> {
  try {
    return await isExactly(await loadDefinition(pulled.family, pulled.digest, options), directory, options);
  } catch (error) {
    // Nobody knows any more what was there, so that nothing may be thrown away.
    if (isClientError(error) && error.code !== 'aborted') return false;
    throw error;
  }
}

/** Replacing the folder that a shell or its user stands in would take the ground from under them. */
async function isOurGround(directory: string): Promise<boolean> {
  const grounds = await Promise.all([process.cwd(), homedir()].map(realPlace));
  return grounds.some((ground) => {
    const way = relative(directory, ground);
    return way !== '..' && !way.startsWith(`..${sep}`);
  });
}

async function statsOf(directory: string): Promise<Stats | undefined> {
  try {
    return await lstat(directory);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function occupied(directory: string, why: string): ClientError {
  return new ClientError('occupied', `${directory} ${why}`);
}
