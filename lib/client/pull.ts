import type { Sha256 } from '../encoding/digest.ts';
import { buildDirectory } from './build-directory.ts';
import { ClientError, throwIfAborted } from './client-error.ts';
import { DirectoryInPlace, realPlace } from './directory-in-place.ts';
import type { Fetched, OnProgress } from './fetch-content.ts';
import { loadDefinition, type LoadedDefinition } from './load-definition.ts';
import type { NewFiles } from './new-files.ts';
import { outcomeOn, type Outcome } from './outcome.ts';
import { resolveRef, type Resolved, type ResolvePlace } from './resolve-ref.ts';

export interface PullOptions extends ResolvePlace {
  readonly family: string;
  /** A version, a pin, `latest`, or a digest. */
  readonly ref: string;
  /** What a lock file says that the ref is: then nobody is asked. */
  readonly locked?: { readonly version: string; readonly digest: Sha256; readonly tree: string } | undefined;
  readonly directory: string;
  /** Replaces whatever is there. */
  readonly force?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** How files are made; for tests of other file systems. */
  readonly make?: NewFiles;
}

export interface Pulled {
  readonly outcome: Outcome;
  readonly family: string;
  readonly version?: string;
  readonly digest: Sha256;
  readonly tree: string;
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  readonly fetched: Fetched;
}

/** How often the directory may change under the hands of a pull. */
const TRIES = 10;

/**
 * Makes a directory that is one version of a family, whole or not at all. What comes out of it was checked byte by byte
 * against the digest; what was there already is left alone, and what others put there is not touched without `force`.
 */
export async function pull(options: PullOptions): Promise<Pulled> {
  const { family, ref, locked } = options;
  const resolved: Resolved =
    locked === undefined ? await resolveRef({ family, ref }, options) : { family, ref, ...locked };
  const definition = await loadDefinition(family, resolved.digest, options);
  checkNames(resolved, definition);
  const directory = await realPlace(options.directory);
  const version = resolved.version ?? definition.names.version;
  const from = { family, version, digest: resolved.digest };
  let fetched: Fetched = { files: 0, bytes: 0 };
  let outcome = await outcomeOn(directory, definition, options);
  if (outcome !== 'already-there') {
    const place = await DirectoryInPlace.beside(directory);
    try {
      fetched = await buildDirectory(place.path, family, definition, options);
      await options.cache.keepPulledFrom(directory, from, 'coming');
      outcome = await take(place, outcome, directory, definition, options);
    } finally {
      await place.discard();
    }
  }
  await options.cache.keepPulledFrom(directory, from, 'there');
  const { files, oid: tree } = definition.tree;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const facts = {
    family,
    digest: resolved.digest,
    tree,
    directory: options.directory,
    files: files.length,
    bytes,
    fetched,
  };
  return { outcome, ...facts, ...(version === undefined ? {} : { version }) };
}

/** What a server, or a lock file, says of a digest must be what the digest's own bytes say. */
function checkNames({ family, ref, version, tree }: Resolved, { names, tree: { oid } }: LoadedDefinition): void {
  const name = `${family}@${ref}`;
  if (tree !== undefined && tree !== oid)
    throw new ClientError('wrong-bytes', `${name}: its tree is ${oid}, not ${tree}`);
  if (version !== undefined && names.version !== undefined && names.version !== version)
    throw new ClientError('wrong-bytes', `${name}: what should be ${version} says that it is ${names.version}`);
}

/** Others may pull into the same directory: whoever comes second looks again at what is there now. */
async function take(
  place: DirectoryInPlace,
  first: Outcome,
  directory: string,
  definition: LoadedDefinition,
  options: PullOptions,
): Promise<Outcome> {
  let outcome = first;
  for (let tries = 0; tries < TRIES; tries += 1) {
    throwIfAborted(options.signal);
    if (outcome === 'already-there') return outcome;
    if (outcome === 'pulled' ? await place.takeFree() : await place.takeOver()) return outcome;
    outcome = await outcomeOn(directory, definition, options);
  }
  throw new ClientError('changed-meanwhile', `others keep changing ${directory}`);
}
