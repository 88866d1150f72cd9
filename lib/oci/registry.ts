import { Audit } from '../audit/audit.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { ContentStore } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import type { Leftovers } from '../store/leftovers.ts';
import type { UploadStore } from '../store/upload-store.ts';
import { Blobs } from './blobs.ts';
import { Families } from './families.ts';
import { Manifests } from './manifests.ts';
import { Quotas, type ObjectSize } from './quotas.ts';
import { Referrers } from './referrers.ts';
import { Tags } from './tags.ts';
import { Uploads } from './uploads.ts';

/** The stores that everything stands on, of whichever engines. */
export interface Stores {
  readonly keys: KeyedStore;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  /** Of engines that may be left with unfinished writes. */
  readonly leftovers?: Leftovers;
}

export interface RegistryOptions {
  readonly now: () => number;
  readonly maxBlobBytes: number;
  /** Git objects count, too; how, their own room knows. */
  readonly objectSize: ObjectSize;
}

/** The OCI registry: what the routes call, put together from the stores. */
export interface Registry {
  readonly audit: Audit;
  readonly content: ContentStore;
  readonly families: Families;
  readonly quotas: Quotas;
  readonly blobs: Blobs;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly manifests: Manifests;
  readonly uploads: Uploads;
}

export function makeRegistry({ keys, blobs: stored, uploads: staged }: Stores, options: RegistryOptions): Registry {
  const audit = new Audit(keys, options.now);
  const content = new ContentStore(keys, stored, options.now);
  const families = new Families(keys, audit);
  const quotas = new Quotas(keys, families, options.objectSize);
  const blobs = new Blobs({ keys, content, families, quotas, audit });
  const tags = new Tags(keys, families, audit);
  const referrers = new Referrers(keys, content);
  const manifests = new Manifests({ keys, content, families, tags, referrers, quotas, audit });
  const uploads = new Uploads(keys, staged, content, blobs, {
    now: options.now,
    maxBytes: options.maxBlobBytes,
    quotas,
  });
  return { audit, content, families, quotas, blobs, tags, referrers, manifests, uploads };
}
