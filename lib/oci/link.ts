import { isSha256, type Digest, type Sha256 } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { Kept, Located } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';

/**
 * The value under a blob's or a manifest's key: that the family has it, and where its content is. A digest that is no
 * SHA-256 says which content it is another name of.
 */
export interface Link {
  readonly size: number;
  readonly place: 'inline' | 'blob';
  readonly encoding?: 'zlib';
  readonly content?: Sha256;
  /** Since when the collector holds that nothing names this; whoever needs it takes the mark off. */
  readonly condemned?: number;
}

export interface ManifestLink extends Link {
  readonly mediaType: string;
  readonly subject?: Digest;
  /** Somebody is removing the manifest; a push that needs it takes the mark off, and the removal begins again. */
  readonly removing?: true;
}

export function linkTo(digest: Digest, { located }: Kept): Link {
  const { content, size, place, encoding } = located;
  return {
    size,
    place,
    ...(encoding === undefined ? {} : { encoding }),
    ...(isSha256(digest) ? {} : { content }),
  };
}

export function locate(digest: Digest, { size, place, content, encoding }: Link): Located {
  const named = content ?? digest;
  if (!isSha256(named)) throw new Error(`the link of ${digest} names no content`);
  return encoding === undefined ? { content: named, size, place } : { content: named, size, place, encoding };
}

export function withoutMark(link: Link): Link {
  const { condemned: _condemned, ...clean } = link;
  return clean;
}

/** Takes the collector's mark off a link, before somebody is told that it is there. One that is gone stays gone. */
export async function rescue(keys: KeyedStore, key: Uint8Array): Promise<void> {
  await commitUntilHeld(keys, async () => {
    const value = await keys.get(key);
    const link = value === undefined ? undefined : decodeJson<Link>(value);
    if (value === undefined || link?.condemned === undefined) return { result: undefined };
    const clean = encodeJson(withoutMark(link));
    return { commit: { checks: [{ key, value }], puts: [{ key, value: clean }] }, result: undefined };
  });
}
