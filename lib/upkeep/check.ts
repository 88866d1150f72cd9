import type { Sha256 } from '../encoding/digest.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import type { ContentRecord } from '../store/content-record.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { totalFor } from './total.ts';
import { allAliases, allContent, allInline, allUploads } from '../store/key-ranges.ts';
import { contentKey, contentOfKey, nameOfKey } from '../store/keys.ts';
import { checkAlias, checkContent } from './check-content.ts';
import { checkFamilies } from './check-families.ts';
import { checkOids } from './check-git.ts';
import { checkLog } from './check-log.ts';
import { checkMedia } from './check-media.ts';
import { checkRuns } from './check-runs.ts';
import type { Checking, CheckOptions, CheckReport } from './checking.ts';
import { makePace } from '../store/pace.ts';

const SECOND_LOOK_MS = 50;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Checks every digest, and every key that names one. Changes nothing, and may run beside a server. */
export async function check(stores: Stores, registry: Registry, options: CheckOptions): Promise<CheckReport> {
  const count = { content: 0, bytes: 0, families: 0, links: 0, entries: 0, errors: 0, warnings: 0 };
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
  for await (const entry of entriesOf(stores.keys, allAliases)) {
    await checking.breathe();
    await checkAlias(checking, entry);
  }
  await checkStrays(checking);
  await checkSessions(checking);
  count.families = await checkFamilies(checking);
  await checkOids(checking);
  await checkMedia(checking);
  await checkRuns(checking);
  count.entries = await checkLog(checking);
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

/** Uploads that nobody can go on with. */
async function checkSessions({ stores, breathe, find }: Checking): Promise<void> {
  for await (const { key } of entriesOf(stores.keys, allUploads)) {
    await breathe();
    const id = nameOfKey(key);
    if (UUID.test(id)) continue;
    const isStill = async (): Promise<boolean> => (await stores.keys.get(key)) !== undefined;
    await find({ severity: 'warning', what: 'an upload has an id that is no UUID', name: id }, isStill);
  }
}
