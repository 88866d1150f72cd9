import { stat } from 'node:fs/promises';
import type { Sha256 } from '../encoding/digest.ts';
import { checkBytes } from './check-bytes.ts';
import { ClientError } from './client-error.ts';
import { compareDirectory, isSame, type DirectoryDifference } from './compare-directory.ts';
import type { PulledFrom } from './content-cache.ts';
import { realPlace } from './directory-in-place.ts';
import type { OnProgress } from './fetch-content.ts';
import { loadDefinition } from './load-definition.ts';
import { digestRef, parseReference } from './reference.ts';
import { resolveRef, type Resolved, type ResolvePlace } from './resolve-ref.ts';

export interface VerifyOptions extends ResolvePlace {
  readonly directory: string;
  /** `family@ref`, or a digest; without it, what the directory was pulled from. */
  readonly against?: string | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface Verified extends DirectoryDifference {
  readonly same: boolean;
  readonly directory: string;
  readonly family: string;
  readonly version?: string;
  readonly digest: Sha256;
}

/** Compares a directory with the version that it should be, byte by byte. What the cache knows is asked of no server. */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const directory = await realPlace(options.directory);
  const stats = await stat(directory).catch(() => undefined);
  if (stats?.isDirectory() !== true) throw new ClientError('no-folder', `${options.directory} is no folder`);
  let first: Verified | undefined;
  for (const pulled of await candidates(directory, options)) {
    const verified = await against(pulled, directory, options);
    if (verified.same) return verified;
    first ??= verified;
  }
  return first!;
}

async function against(pulled: PulledFrom, directory: string, options: VerifyOptions): Promise<Verified> {
  const { digest } = pulled;
  const definition = await loadDefinition(pulled.family, digest, options);
  const family = definition.names.family ?? pulled.family;
  const version = pulled.version ?? definition.names.version;
  const difference = await compareDirectory(definition.tree, directory, options);
  const same = isSame(difference);
  if (same && !definition.isProved) {
    await checkBytes(definition, directory, options);
    await definition.keep();
  }
  const facts = { same, directory: options.directory, family, digest, ...difference };
  return version === undefined ? facts : { ...facts, version };
}

/** What the directory may be: more than one thing only where a pull was cut off just when it took its place. */
async function candidates(directory: string, options: VerifyOptions): Promise<[PulledFrom, ...PulledFrom[]]> {
  const { cache } = options;
  const digest = options.against === undefined ? undefined : digestRef(options.against);
  if (options.against !== undefined && digest === undefined) return [await resolved(options.against, options)];
  const [newest, ...older] = await cache.pulledFrom(directory);
  if (digest === undefined) {
    if (newest !== undefined) return [newest, ...older];
    throw unknown(`nobody knows what ${options.directory} was pulled from`, 'family@ref');
  }
  const known = [newest, ...older].find((one) => one?.digest === digest);
  if (known !== undefined) return [known];
  if (newest !== undefined) return [{ family: newest.family, digest }];
  if ((await cache.definition(digest)) !== undefined) return [{ family: '', digest }];
  throw unknown(`the cache does not have ${digest}`, `family@${digest}`);
}

function unknown(why: string, what: string): ClientError {
  return new ClientError('not-cached', `${why}; say it with --against ${what}`);
}

function resolved(against: string, options: VerifyOptions): Promise<Resolved> {
  return resolveRef(parseReference(against), options);
}
