import type { Version } from '../definition/wire.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { ClientError } from './client-error.ts';
import type { KnownRef } from './content-cache.ts';
import type { Place } from './load-definition.ts';
import { digestRef, type Reference } from './reference.ts';
import { saidOf } from './said-of.ts';

/** What a ref names. */
export interface Resolved extends Reference {
  /** Unknown of a digest that was never seen with its version. */
  readonly version?: string;
  readonly digest: Sha256;
  readonly tree?: string;
}

export interface ResolvePlace extends Place {
  /** Told what a person should know: that the cache answered in place of the server, and what was said of the version. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Asks the server, and the cache where no server answers: a version and a digest never change, so the cache knows as
 * well. A pin may have moved; the last known place is good enough only for who asked to work offline.
 */
export async function resolveRef(of: Reference, place: ResolvePlace): Promise<Resolved> {
  const { client, cache, onNotice } = place;
  const server = client.transport.base;
  const known = await cache.ref(server, of.family, of.ref);
  if (place.offline === true) return offline(of, known, place);
  let version: Version;
  try {
    version = await client.version(of, { signal: place.signal });
  } catch (error) {
    const resolved = isOutOfReach(error) ? await fixed(of, known, place) : undefined;
    if (resolved === undefined) throw withHint(error, known);
    onNotice?.(`${(error as Error).message}; taking ${of.family}@${of.ref} from the cache`);
    return resolved;
  }
  checkFixed(of, version, known);
  await remember(of, version, place);
  for (const line of saidOf(version)) onNotice?.(line);
  return { ...of, version: version.version, digest: version.digest, tree: version.tree };
}

async function offline(of: Reference, known: KnownRef | undefined, place: ResolvePlace): Promise<Resolved> {
  const resolved = await fixed(of, known, place);
  if (resolved !== undefined) return resolved;
  if (known === undefined) {
    throw new ClientError(
      'not-cached',
      `the cache at ${place.cache.layout.folder} does not know ${of.family}@${of.ref}`,
    );
  }
  place.onNotice?.(
    `${of.family}@${of.ref} was ${known.version} on ${known.at.slice(0, 10)}; offline nobody knows whether it has moved`,
  );
  return { ...of, version: known.version, digest: known.digest, tree: known.tree };
}

/** What a ref names that never names anything else. */
async function fixed(of: Reference, known: KnownRef | undefined, { cache }: Place): Promise<Resolved | undefined> {
  const digest = digestRef(of.ref);
  if (
    known !== undefined &&
    (digest ?? known.digest) === known.digest &&
    (digest !== undefined || known.version === of.ref)
  )
    return { ...of, version: known.version, digest: known.digest, tree: known.tree };
  if (digest === undefined || (await cache.definition(digest)) === undefined) return undefined;
  return { ...of, digest };
}

/** A server may not say of a version or a digest today what it did not say yesterday. */
function checkFixed(of: Reference, { version, digest }: Version, known: KnownRef | undefined): void {
  const asked = digestRef(of.ref);
  if (asked !== undefined && asked !== digest)
    throw new ClientError('wrong-bytes', `the server gives ${digest} for ${of.family}@${of.ref}`);
  if (version !== of.ref || known === undefined || known.version !== of.ref || known.digest === digest) return;
  throw new ClientError(
    'version-changed',
    `${of.family}@${version} was ${known.digest} on ${known.at.slice(0, 10)} and is ${digest} now, which no version may do. ` +
      `If the server was set up anew, delete the folder refs in the cache, or pull by digest`,
  );
}

async function remember(of: Reference, { version, digest, tree }: Version, { client, cache }: Place): Promise<void> {
  const seen = {
    server: client.transport.base,
    family: of.family,
    version,
    digest,
    tree,
    at: new Date().toISOString(),
  };
  await Promise.all([...new Set([of.ref, version, digest])].map((ref) => cache.keepRef({ ...seen, ref })));
}

export function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  return error.code === 'unreachable' || error.code === 'stalled' || [502, 503, 504].includes(error.status ?? 0);
}

function withHint(error: unknown, known: KnownRef | undefined): unknown {
  if (!isOutOfReach(error) || known === undefined) return error;
  const { code, message } = error as ClientError;
  return new ClientError(code, `${message}. With --offline, the last known place is taken: ${known.version}`, {
    cause: error,
  });
}
