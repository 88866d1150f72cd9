import { asBuffer } from '../encoding/as-buffer.ts';
import type { Digest } from '../encoding/digest.ts';
import { locate, type ManifestLink } from '../oci/link.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allReferrersOf, blobsOf, manifestsOf, tagsByManifestOf, tagsOf } from '../store/key-ranges.ts';
import {
  blobKey,
  digestOfKey,
  digestsOfKey,
  manifestKey,
  referrerKey,
  tagKey,
  tagOfKey,
  tagOfManifestKey,
} from '../store/keys.ts';
import { checkLinked } from './check-content.ts';
import type { Checking, Finding } from './checking.ts';

/** Every key of a family, and that what it names is there. */
export async function checkFamilyKeys(checking: Checking, family: string): Promise<void> {
  await forEach(checking, blobsOf(family), (entry) => checkLinked(checking, family, digestOfKey(entry.key), entry));
  await forEach(checking, manifestsOf(family), async (entry) => {
    const digest = digestOfKey(entry.key);
    await checkLinked(checking, family, digest, entry);
    await checkManifest(checking, family, digest, entry);
  });
  await forEach(checking, tagsOf(family), (entry) => checkTag(checking, family, entry));
  await forEach(checking, tagsByManifestOf(family), (entry) => checkTagOfManifest(checking, family, entry));
  await forEach(checking, allReferrersOf(family), (entry) => checkReferrer(checking, family, entry));
}

async function checkManifest(checking: Checking, family: string, digest: Digest, entry: Entry): Promise<void> {
  const { stores, registry } = checking;
  const link = decodeJson<ManifestLink>(entry.value);
  let manifest: Manifest;
  try {
    manifest = parseManifest(await registry.content.readAll(locate(digest, link)), link.mediaType);
  } catch {
    await report(checking, { severity: 'error', what: 'the manifest cannot be read', name: digest, family }, entry.key);
    return;
  }
  for (const { digest: named, kind, needed } of manifest.named) {
    const key = kind === 'blob' ? blobKey(family, named) : manifestKey(family, named);
    if (!needed || (await stores.keys.get(key)) !== undefined) continue;
    // Nothing but a request to delete it takes away what a manifest names.
    const what = `the manifest names a ${kind} that was deleted: ${named}`;
    await report(checking, { severity: 'warning', what, name: digest, family }, entry.key, key);
  }
  if (manifest.subject === undefined) return;
  const key = referrerKey(family, manifest.subject, digest);
  if ((await stores.keys.get(key)) !== undefined) return;
  const what = `the manifest is missing among the referrers of ${manifest.subject}`;
  await report(checking, { severity: 'error', what, name: digest, family }, entry.key, key);
}

async function checkTag(checking: Checking, family: string, { key, value }: Entry): Promise<void> {
  const { stores } = checking;
  checking.link();
  const tag = tagOfKey(key);
  const digest = asBuffer(value).toString('latin1') as Digest;
  const manifest = manifestKey(family, digest);
  if ((await stores.keys.get(manifest)) === undefined) {
    await report(
      checking,
      { severity: 'warning', what: `the tag names a manifest that was deleted: ${digest}`, name: tag, family },
      key,
      manifest,
    );
  }
  const back = tagOfManifestKey(family, digest, tag);
  if ((await stores.keys.get(back)) === undefined) {
    await report(
      checking,
      { severity: 'error', what: 'the tag cannot be found by its manifest', name: tag, family },
      key,
      back,
    );
  }
}

async function checkTagOfManifest(checking: Checking, family: string, { key }: Entry): Promise<void> {
  const { stores } = checking;
  const { digests, rest: tag } = digestsOfKey(key);
  const isWrong = async (): Promise<boolean> => {
    const value = await stores.keys.get(tagKey(family, tag));
    return value === undefined || asBuffer(value).toString('latin1') !== digests[0];
  };
  if (!(await isWrong())) return;
  const finding: Finding = {
    severity: 'error',
    what: `${digests[0]} is listed under a tag that does not name it`,
    name: tag,
    family,
  };
  await checking.find(finding, async () => (await stores.keys.get(key)) !== undefined && isWrong());
}

async function checkReferrer(checking: Checking, family: string, { key }: Entry): Promise<void> {
  const digest = digestOfKey(key);
  const manifest = manifestKey(family, digest);
  if ((await checking.stores.keys.get(manifest)) !== undefined) return;
  await report(
    checking,
    { severity: 'error', what: 'a referrer is listed whose manifest is not there', name: digest, family },
    key,
    manifest,
  );
}

/** Reports that one key is there and another, which it needs, is not; if that is so at the second look, too. */
function report({ stores, find }: Checking, finding: Finding, present: Uint8Array, absent?: Uint8Array): Promise<void> {
  return find(finding, async () => {
    if ((await stores.keys.get(present)) === undefined) return false;
    return absent === undefined || (await stores.keys.get(absent)) === undefined;
  });
}

async function forEach(
  { stores, breathe }: Checking,
  range: { readonly start: Uint8Array; readonly end: Uint8Array },
  visit: (entry: Entry) => Promise<void>,
): Promise<void> {
  for await (const entry of entriesOf(stores.keys, range)) {
    await breathe();
    await visit(entry);
  }
}
