import type { FileListing, Part } from '../definition/wire.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import { TarIndex } from '../encoding/tar-index.ts';
import { ClientError } from './client-error.ts';
import { definitionEntry, layerOf, namesIn, type ManifestNames } from './definition-manifest.ts';
import { listedTree, type ListedTree } from './listed-tree.ts';

/** What a server, or the cache, says that a digest names. */
export interface DefinitionDocuments {
  /** The bytes that the digest names; of an index, then the definition's own manifest. */
  readonly manifests: readonly Uint8Array[];
  readonly listing: FileListing;
}

/** A definition whose names are safe and whose manifest is the digest's; the bytes of its files are still to be checked. */
export interface Definition {
  readonly digest: Sha256;
  /** As the digest's own bytes say. */
  readonly names: ManifestNames;
  /** What the canonical tar of the files must be. */
  readonly layer: Part;
  readonly tree: ListedTree;
  readonly index: TarIndex;
}

/** Throws `wrong-bytes` or `bad-answer` where the documents do not belong to the digest. */
export function definitionFrom(digest: Sha256, { manifests, listing }: DefinitionDocuments): Definition {
  const [outer, inner] = manifests;
  let manifest = checked(outer, digest);
  const names = namesIn(manifest);
  const entry = definitionEntry(manifest);
  if (entry !== undefined) manifest = checked(inner, entry);
  const layer = layerOf(manifest);
  if (listing.layer.digest !== layer.digest) throw lie(`the list of files is of the layer ${listing.layer.digest}`);
  const tree = listedTree(listing);
  if (names.tree !== undefined && names.tree !== tree.oid) throw lie(`the list of files makes the tree ${tree.oid}`);
  const index = new TarIndex(tree.entries);
  if (index.size !== layer.size) throw lie(`the list of files makes a tar of ${index.size} bytes`);
  return { digest, names, layer, tree, index };

  function lie(what: string): ClientError {
    return new ClientError('bad-answer', `${what}, and ${digest} has ${layer.digest} of ${layer.size} bytes`);
  }
}

function checked(bytes: Uint8Array | undefined, digest: Sha256): Uint8Array {
  if (bytes !== undefined && sha256(bytes) === digest) return bytes;
  throw new ClientError('wrong-bytes', `the manifest that came for ${digest} is another`);
}
