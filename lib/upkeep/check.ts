import type { Sha256 } from '../encoding/digest.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import type { ContentRecord } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { totalFor } from './total.ts';
import { allContent, allFamilies, allInline, contentKey, contentOfKey, nameOfKey } from '../store/keys.ts';
import { checkContent } from './check-content.ts';
import { checkFamilyKeys } from './check-family.ts';
import { checkOids, checkRepository } from './check-git.ts';
import type { Checking, CheckOptions, CheckReport } from './checking.ts';
import { makePace } from './pace.ts';

const SECOND_LOOK_MS = 50;

/** Checks every digest, and every key that names one. Changes nothing, and may run beside a server. */
export async function check(stores: Stores, registry: Registry, options: CheckOptions): Promise<CheckReport> {
  const count = { content: 0, bytes: 0, families: 0, links: 0, errors: 0, warnings: 0 };
  const checking: Checking = {
    ...options,
    stores,
    registry,
    breathe: makePace(options.signal),
    async find(finding, isStill) {
      await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
      if (!(await isStill())) return;
      count[finding.severity === 'error' ? 'errors' : 'warnings'] += 1;
      options.onFinding?.(finding);
    },
    link() {
      count.links += 1;
    },
  };
  const contents = await totalFor(checking, allContent);
  for await (const entry of entriesOf(stores.keys, allContent)) {
    await checking.breathe();
    options.onProgress?.('content', count.content, contents);
    count.content += 1;
    count.bytes += decodeJson<ContentRecord>(entry.value).size;
    await checkContent(checking, entry);
  }
  await checkStrays(checking);
  const families = await totalFor(checking, allFamilies);
  for await (const { key } of entriesOf(stores.keys, allFamilies)) {
    options.onProgress?.('repositories', count.families, families);
    count.families += 1;
    await checkFamilyKeys(checking, nameOfKey(key));
    await checkRepository(checking, nameOfKey(key));
  }
  await checkOids(checking);
  return count;
}

/** Bytes that no record speaks of. */
async function checkStrays(checking: Checking): Promise<void> {
  const { stores, breathe } = checking;
  const hasNoRecord = async (content: Sha256): Promise<boolean> =>
    (await stores.keys.get(contentKey(content))) === undefined;
  for await (const { key } of entriesOf(stores.keys, allInline, 100)) {
    await breathe();
    const content = contentOfKey(key);
    if (!(await hasNoRecord(content))) continue;
    const isStill = async (): Promise<boolean> => (await stores.keys.get(key)) !== undefined && hasNoRecord(content);
    await checking.find({ severity: 'warning', what: 'small content has no record', name: content }, isStill);
  }
  for await (const { digest } of stores.blobs.list()) {
    await breathe();
    if (!(await hasNoRecord(digest))) continue;
    const isStill = async (): Promise<boolean> =>
      (await stores.blobs.stat(digest)) !== undefined && hasNoRecord(digest);
    await checking.find(
      { severity: 'warning', what: 'a blob has no record; assay gc removes it', name: digest },
      isStill,
    );
  }
}
