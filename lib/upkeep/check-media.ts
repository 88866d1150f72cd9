import { mediaTypeOf, TELLING_BYTES } from '../record/media-type.ts';
import type { MediaLink } from '../record/media.ts';
import { locate } from '../oci/link.ts';
import type { ContentRecord } from '../store/content-record.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allMedia } from '../store/key-ranges.ts';
import { contentKey, onlyDigestOfKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { Checking } from './checking.ts';

/** That the bytes of media are kept as its link says, and are of the type as which they are shown. */
export async function checkMedia(checking: Checking): Promise<void> {
  const { keys } = checking.stores;
  for await (const entry of entriesOf(keys, allMedia)) {
    await checking.breathe();
    checking.link();
    const what = await mediaFault(checking, entry);
    if (what === undefined) continue;
    const name = onlyDigestOfKey(entry.key);
    await checking.find({ severity: 'error', what, name }, async () => {
      const now = await keys.get(entry.key);
      return now !== undefined && (await mediaFault(checking, { key: entry.key, value: now })) !== undefined;
    });
  }
}

async function mediaFault({ stores, registry, content }: Checking, { key, value }: Entry): Promise<string | undefined> {
  const link = decodeJson<MediaLink>(value);
  const located = locate(onlyDigestOfKey(key), link);
  const record = await stores.keys.get(contentKey(located.content));
  if (record === undefined) return 'the bytes of media are not kept';
  const { size, place, encoding } = decodeJson<ContentRecord>(record);
  if (size !== located.size || place !== located.place || encoding !== located.encoding)
    return 'the link of media and the content disagree about size, place or encoding';
  if (!content) return undefined;
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of registry.content.read(located, { start: 0, end: Math.min(size, TELLING_BYTES) }))
      pieces.push(piece);
    return mediaTypeOf(Buffer.concat(pieces)) === link.mediaType ? undefined : 'media is shown as what it is not';
  } catch (error) {
    // Lost bytes are told of where content is checked.
    if (error instanceof StoreError && (error.code === 'missing' || error.code === 'damaged')) return undefined;
    throw error;
  }
}
