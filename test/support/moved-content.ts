import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { digestWith, sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { LogSigner } from '../../lib/log/log-signer.ts';
import type { Stores } from '../../lib/oci/registry.ts';
import { systemClock } from '../../lib/store/clock.ts';
import { bringForward } from '../../lib/store/data-format.ts';
import { oneChunk } from './registry.ts';
import { runPlaceOn } from './run-place.ts';
import { everythingIn, publishTo } from './publishing.ts';

/** Something that is put into a store. Sizes lie around what still is small content. */
const action = fc.oneof(
  fc.record({ what: fc.constant('blob' as const), size: fc.constantFrom(0, 1, 500, 65_536, 65_537, 300_000) }),
  fc.record({ what: fc.constant('alias' as const), size: fc.constantFrom(40, 90_000) }),
  fc.record({ what: fc.constant('upload' as const), size: fc.constantFrom(1, 90_000) }),
  fc.record({ what: fc.constant('version' as const), size: fc.constantFrom(10, 3_000, 400_000) }),
);

/** What random content is made of, in a few steps. */
export const actions = fc.array(action, { minLength: 1, maxLength: 8 });
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

let made = 0;

/**
 * Puts content into a store as servers do: blobs of all kinds, versions with their entries in the log, open uploads. Stores whose logs
 * have one key are copies of one another.
 */
export async function put(stores: Stores, steps: readonly Action[], signer?: LogSigner): Promise<void> {
  await bringForward(stores.keys, { clock: systemClock });
  const { registry, definitions, log } = await runPlaceOn(stores, Date.now, signer);
  for (const { what, size } of steps) {
    made += 1;
    const bytes = randomBytes(size);
    if (what === 'upload') {
      const id = await registry.uploads.start('team/open');
      await registry.uploads.append('team/open', id, undefined, oneChunk(bytes));
    } else if (what === 'version') {
      // What deflates well is stored as a zlib stream: the middle one among the keys, the largest in the BlobStore.
      const files = { 'test-case.toml': 'name = "Moved"\n', 'prompt.md': bytes.toString('hex') };
      await publishTo(definitions, 'test-cases/moved', `v1.0.${made}`, files);
    } else {
      const digest = digestWith(what === 'alias' ? 'sha512' : 'sha256', bytes);
      await registry.uploads.receive('team/blobs', digest, oneChunk(bytes));
    }
  }
  await log.flush();
}

/** All that is to be moved with a store. */
export interface MovedContent {
  readonly keys: Readonly<Record<string, string>>;
  readonly blobs: Readonly<Record<Sha256, string>>;
}

/** Read by the plainest way there is, for comparisons. */
export async function contentOf(stores: Pick<Stores, 'keys' | 'blobs'>): Promise<MovedContent> {
  const all = await everythingIn(stores as Stores);
  const keys = Object.fromEntries(Object.entries(all).filter(([key]) => !/^[LUY]/.test(key)));
  const blobs: Record<Sha256, string> = {};
  for await (const { digest } of stores.blobs.list()) {
    const pieces: Uint8Array[] = [];
    for await (const piece of stores.blobs.read(digest)) pieces.push(Buffer.from(piece));
    blobs[digest] = sha256(Buffer.concat(pieces));
  }
  return { keys, blobs };
}
