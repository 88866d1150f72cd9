import type { VersionRecord } from '../../definition/version-record.ts';
import { asBuffer } from '../../encoding/as-buffer.ts';
import type { Digest } from '../../encoding/digest.ts';
import { locate, type ManifestLink } from '../../oci/link.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { Registry } from '../../oci/registry.ts';
import { decodeJson } from '../../store/json-value.ts';
import type { KeyedStore } from '../../store/keyed-store.ts';
import { blobKey, manifestKey } from '../../store/keys.ts';

/** Something that is a part of versions: a manifest or a blob of the family. */
export interface Part {
  readonly kind: 'manifest' | 'blob';
  readonly digest: Digest;
  readonly key: Uint8Array;
}

/** Parts by their keys. */
export type Parts = ReadonlyMap<string, Part>;

/** A version's manifest and all that it leads to, as far as the family has it. */
export async function partsOf(
  keys: KeyedStore,
  content: Registry['content'],
  family: string,
  { digest }: Pick<VersionRecord, 'digest'>,
): Promise<Parts> {
  const parts = new Map<string, Part>();
  const open: Pick<Part, 'kind' | 'digest'>[] = [{ kind: 'manifest', digest }];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const key = one.kind === 'blob' ? blobKey(family, one.digest) : manifestKey(family, one.digest);
    const name = nameOf(key);
    const value = parts.has(name) ? undefined : await keys.get(key);
    if (value === undefined) continue;
    parts.set(name, { ...one, key });
    if (one.kind === 'blob') continue;
    const link = decodeJson<ManifestLink>(value);
    const bytes = await content.readAll(locate(one.digest, link));
    open.push(...parseManifest(bytes, link.mediaType).named);
  }
  return parts;
}

export function nameOf(key: Uint8Array): string {
  return asBuffer(key).toString('latin1');
}
