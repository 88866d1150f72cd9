import type { Sha256 } from '../encoding/digest.ts';
import type { AssayClient } from './assay-client.ts';
import { ClientError, isClientError } from './client-error.ts';
import type { ContentCache } from './content-cache.ts';
import { definitionEntry } from './definition-manifest.ts';
import { definitionFrom, type Definition, type DefinitionDocuments } from './definition.ts';

export interface Place {
  readonly client: AssayClient;
  readonly cache: ContentCache;
  /** Nobody is asked but the cache. */
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A definition with whether its list of files was ever held against the bytes of all of them. */
export interface LoadedDefinition extends Definition {
  readonly isProved: boolean;
  /** Keeps it in the cache, once the bytes of all files were found to make the layer. */
  readonly keep: () => Promise<void>;
}

/**
 * The definition that a digest names, from the cache or from the server. What a server lists is true only when the files
 * make the layer, so the cache gets it no sooner.
 */
export async function loadDefinition(family: string, digest: Sha256, place: Place): Promise<LoadedDefinition> {
  const { cache } = place;
  const cached = await cache.definition(digest);
  if (cached !== undefined) {
    try {
      return ofFamily(family, { ...definitionFrom(digest, cached), isProved: true, keep: async () => {} });
    } catch (error) {
      if (isClientError(error, 'another-family')) throw error;
      await cache.dropDefinition(digest);
    }
  }
  if (place.offline === true)
    throw new ClientError('not-cached', `the cache at ${cache.layout.folder} does not have ${family}@${digest}`);
  const documents = await fetchDocuments(family, digest, place);
  const definition = definitionFrom(digest, documents);
  return ofFamily(family, { ...definition, isProved: false, keep: () => cache.keepDefinition(digest, documents) });
}

/** A digest is of one family, whoever asks for it elsewhere; an empty name asks for none. */
function ofFamily(family: string, definition: LoadedDefinition): LoadedDefinition {
  const said = definition.names.family;
  if (family === '' || said === undefined || said === family) return definition;
  throw new ClientError('another-family', `${definition.digest} is of ${said}, not of ${family}`);
}

async function fetchDocuments(family: string, digest: Sha256, { client, signal }: Place): Promise<DefinitionDocuments> {
  const [manifests, listing] = await Promise.all([
    fetchManifests(family, digest, client, signal),
    client.files({ family, ref: digest }, { signal }),
  ]);
  return { manifests, listing };
}

async function fetchManifests(
  family: string,
  digest: Sha256,
  client: AssayClient,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const outer = await client.manifest(family, digest, { signal });
  const entry = definitionEntry(outer);
  return entry === undefined ? [outer] : [outer, await client.manifest(family, entry, { signal })];
}
