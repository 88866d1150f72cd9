import { isSha256, type Digest, type Sha256 } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { Located } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { OciError } from './oci-error.ts';

interface LinkMarks {
  readonly size: number;
  /** Since when the collector holds that nothing names this; whoever needs it takes the mark off. */
  readonly condemned?: number;
  /** The published version that this is a part of. It stays with the family for good. */
  readonly published?: string;
}

/**
 * The value under a blob's or a manifest's key: that the family has it, and where its content is. A digest that is no
 * SHA-256 says which content it is another name of.
 */
export interface ContentLink extends LinkMarks {
  readonly place: 'inline' | 'blob';
  readonly encoding?: 'zlib';
  readonly content?: Sha256;
}

/** A blob that is the canonical tar of a Git tree of the family. Its bytes are made of the tree's files when they are read. */
export interface TreeLink extends LinkMarks {
  readonly place: 'tree';
  readonly tree: string;
}

export type BlobLink = ContentLink | TreeLink;

export interface ManifestLink extends ContentLink {
  readonly mediaType: string;
  readonly subject?: Digest;
  /** Somebody is removing the manifest; a push that needs it takes the mark off, and the removal begins again. */
  readonly removing?: true;
}

export function linkTo(digest: Digest, { content, size, place, encoding }: Located): ContentLink {
  return {
    size,
    place,
    ...(encoding === undefined ? {} : { encoding }),
    ...(isSha256(digest) ? {} : { content }),
  };
}

export function locate(digest: Digest, { size, place, content, encoding }: ContentLink): Located {
  const named = content ?? digest;
  if (!isSha256(named)) throw new Error(`the link of ${digest} names no content`);
  return encoding === undefined ? { content: named, size, place } : { content: named, size, place, encoding };
}

export function withoutMark<L extends LinkMarks>(link: L): Omit<L, 'condemned'> {
  const { condemned: _condemned, ...clean } = link;
  return clean;
}

/** Refuses to take a part of a published version away. */
export function checkMayGo(name: string, { published }: LinkMarks): void {
  if (published === undefined) return;
  throw new OciError('published', `${name} is a part of the published version ${published}, which stays`, {
    version: published,
  });
}

/** Takes the collector's mark off a link, before somebody is told that it is there. One that is gone stays gone. */
export async function rescue(keys: KeyedStore, key: Uint8Array): Promise<void> {
  await commitUntilHeld(keys, async () => {
    const value = await keys.get(key);
    const link = value === undefined ? undefined : decodeJson<BlobLink>(value);
    if (value === undefined || link?.condemned === undefined) return { result: undefined };
    const clean = encodeJson(withoutMark(link));
    return { commit: { checks: [{ key, value }], puts: [{ key, value: clean }] }, result: undefined };
  });
}
