import { DEFINITION_ANNOTATION } from '../definition/media-types.ts';
import type { VersionRecord } from '../definition/version-record.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import type { Digest } from '../encoding/digest.ts';
import { parseCommit } from '../git/commit.ts';
import { GitError } from '../git/error.ts';
import { readContent } from '../git/object-content.ts';
import { decodeRef } from '../git/stored/ref-record.ts';
import { StoredObjects } from '../git/stored/stored-objects.ts';
import { locate, type BlobLink, type ManifestLink } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { blobKey, gitObjectKey, manifestKey, refKey, tagKey, tagOfKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { Checking } from './checking.ts';

/** What a definition's manifest says of its parts. */
interface Said {
  readonly config?: { readonly digest?: string; readonly size?: number };
  readonly layers?: readonly { readonly digest?: string; readonly size?: number }[];
  readonly manifests?: readonly { readonly digest: Digest; readonly annotations?: Readonly<Record<string, string>> }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is wrong with a published version: a part that is gone, or one that says otherwise than the others. */
export async function versionFault(
  checking: Checking,
  family: string,
  { key, value }: Entry,
): Promise<string | undefined> {
  const { keys } = checking.stores;
  const version = tagOfKey(key);
  const record = decodeJson<VersionRecord>(value);
  return (
    (await missingPart(keys, family, record)) ??
    (await tagFault(keys, family, version, record.digest)) ??
    (await refFault(keys, family, `refs/tags/${version}`, record.commit)) ??
    (await linkFault(keys, family, record)) ??
    (await contentFault(checking, family, version, record))
  );
}

export async function tagFault(
  keys: KeyedStore,
  family: string,
  tag: string,
  digest: string,
): Promise<string | undefined> {
  const value = await keys.get(tagKey(family, tag));
  const names = value === undefined ? 'nothing' : asBuffer(value).toString('latin1');
  return names === digest ? undefined : `the OCI tag names ${names} and not ${digest}`;
}

export async function refFault(
  keys: KeyedStore,
  family: string,
  ref: string,
  commit: string,
): Promise<string | undefined> {
  const value = await keys.get(refKey(family, ref));
  if (value === undefined) return `there is no Git ref ${ref}`;
  const { oid, peeled } = decodeRef(value);
  return (peeled ?? oid) === commit ? undefined : `the Git ref ${ref} ends at ${peeled ?? oid} and not at ${commit}`;
}

async function missingPart(keys: KeyedStore, family: string, record: VersionRecord): Promise<string | undefined> {
  const { digest, tree, commit, layer, config } = record;
  for (const [what, part] of [
    [`its manifest ${digest}`, manifestKey(family, digest)],
    [`its layer ${layer.digest}`, blobKey(family, layer.digest)],
    [`its metadata ${config.digest}`, blobKey(family, config.digest)],
    [`its tree ${tree}`, gitObjectKey(family, tree)],
    [`its commit ${commit}`, gitObjectKey(family, commit)],
  ] as const) {
    if ((await keys.get(part)) === undefined) return `the version lacks ${what}`;
  }
  return undefined;
}

/** A part that is not marked as one could be deleted, and a layer is made of the version's tree. */
async function linkFault(keys: KeyedStore, family: string, record: VersionRecord): Promise<string | undefined> {
  const { digest, layer, config, tree } = record;
  for (const [what, key] of [
    ['manifest', manifestKey(family, digest)],
    ['layer', blobKey(family, layer.digest)],
    ['metadata', blobKey(family, config.digest)],
  ] as const) {
    const value = await keys.get(key);
    const link = value === undefined ? undefined : decodeJson<BlobLink>(value);
    if (link?.published === undefined) return `the ${what} of the version could be deleted`;
    if (what === 'layer' && (link.place !== 'tree' || link.tree !== tree || link.size !== layer.size))
      return `the layer is not made of the version's tree ${tree}`;
  }
  return undefined;
}

/** That record, commit and manifest speak of the same tree and parts. */
async function contentFault(
  { stores, registry }: Checking,
  family: string,
  version: string,
  record: VersionRecord,
): Promise<string | undefined> {
  try {
    const objects = new StoredObjects(stores.keys, registry.content, family);
    const { tree } = parseCommit((await readContent(objects, record.commit)).content);
    if (tree !== record.tree) return `the commit has the tree ${tree} and not ${record.tree}`;
    const said = await definitionManifest({ stores, registry }, family, record);
    const isSame =
      said?.config?.digest === record.config.digest &&
      said.config.size === record.config.size &&
      said.layers?.[0]?.digest === record.layer.digest &&
      said.layers[0].size === record.layer.size &&
      said.annotations?.['vnd.assay.tree'] === record.tree &&
      said.annotations['org.opencontainers.image.version'] === version;
    return isSame ? undefined : `the manifest ${record.digest} and the version's record disagree`;
  } catch (error) {
    if (error instanceof GitError || error instanceof SyntaxError)
      return `the version cannot be read: ${error.message}`;
    if (error instanceof StoreError && (error.code === 'missing' || error.code === 'damaged'))
      return 'the version cannot be read';
    throw error;
  }
}

/** Of a container with an image, it is in the index. */
async function definitionManifest(
  from: Pick<Checking, 'stores' | 'registry'>,
  family: string,
  { digest, image }: VersionRecord,
): Promise<Said | undefined> {
  const said = await manifestOf(from, family, digest);
  if (image === undefined) return said;
  const own = said?.manifests?.findLast(({ annotations }) => annotations?.[DEFINITION_ANNOTATION] !== undefined);
  return own === undefined ? undefined : manifestOf(from, family, own.digest);
}

async function manifestOf(
  { stores, registry }: Pick<Checking, 'stores' | 'registry'>,
  family: string,
  digest: Digest,
): Promise<Said | undefined> {
  const value = await stores.keys.get(manifestKey(family, digest));
  if (value === undefined) return undefined;
  const bytes = await registry.content.readAll(locate(digest, decodeJson<ManifestLink>(value)));
  return JSON.parse(asBuffer(bytes).toString('utf8')) as Said;
}
