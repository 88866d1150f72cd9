import { entriesOf } from '../store/keyed-store.ts';
import { allFamilies } from '../store/key-ranges.ts';
import { familyKey, nameOfKey } from '../store/keys.ts';
import { checkFamilyKeys } from './check-family.ts';
import { checkRepository } from './check-git.ts';
import { checkGitLinks } from './check-git-links.ts';
import { checkVersions } from './check-versions.ts';
import type { Checking } from './checking.ts';
import { familiesUnder } from './families-under.ts';
import { totalFor } from './total.ts';

/** The letters of keys.ts that stand before the name of a family; but for i and k, which are marks of the collector. */
const LETTERS = 'befghjlmpstvx';
const GIT_OBJECTS = 'j';

const LOST = { severity: 'error', what: 'the repository has no record' } as const;
/** The objects of a large push come before its refs, and the record of the family with them. */
const LEFT_OVER = { severity: 'warning', what: 'a first push that did not end has left Git objects behind' } as const;

/** Every family: those that have a record, and those that any key names without one. Returns how many there are. */
export async function checkFamilies(checking: Checking): Promise<number> {
  const { keys } = checking.stores;
  let count = 0;
  const families = await totalFor(checking, allFamilies);
  for await (const { key } of entriesOf(keys, allFamilies)) {
    checking.onProgress?.('repositories', count, families);
    count += 1;
    await checkFamily(checking, nameOfKey(key));
  }
  const unrecorded = new Map<string, { readonly key: Uint8Array; readonly letters: string }>();
  for (const letter of LETTERS) {
    for await (const { family, key } of familiesUnder(keys, letter)) {
      await checking.breathe();
      if ((await keys.get(familyKey(family))) !== undefined) continue;
      unrecorded.set(family, { key, letters: (unrecorded.get(family)?.letters ?? '') + letter });
    }
  }
  for (const [family, { key, letters }] of unrecorded) {
    count += 1;
    await checking.find(
      { ...(letters === GIT_OBJECTS ? LEFT_OVER : LOST), name: family, family },
      async () => (await keys.get(key)) !== undefined && (await keys.get(familyKey(family))) === undefined,
    );
    await checkFamily(checking, family);
  }
  return count;
}

async function checkFamily(checking: Checking, family: string): Promise<void> {
  await checkFamilyKeys(checking, family);
  await checkRepository(checking, family);
  if (checking.content) await checkGitLinks(checking, family);
  await checkVersions(checking, family);
}
