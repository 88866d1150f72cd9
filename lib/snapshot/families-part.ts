import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Changes } from './changes.ts';
import { longOf, shortOf, type ShortRef } from './documents.ts';
import { definitionsOf, renderFamily, type FamilyEvent } from './family-rendering.ts';
import type { Ref } from './objects.ts';
import { familyPath, versionPath } from './paths.ts';
import type { OnProgress } from './progress.ts';
import type { Rendering } from './rendering.ts';
import type { ScrubReport } from './scrub-report.ts';
import { changeTable, tableValue, type Table, type TableNode } from './table.ts';
import { renderVersion } from './version-rendering.ts';
import type { FamilyDocument, Root } from './wire.ts';

/** Renders the families that entries tell of, and the versions that runs name for the first time. */
export async function changeFamilies(
  rendering: Rendering,
  before: Root,
  changes: Changes,
  report: ScrubReport,
  onProgress: OnProgress,
): Promise<Table> {
  const { documents, scrubber } = rendering;
  const families = [...new Set([...changes.families.keys(), ...changes.named.keys()])].sort();
  const changed = new Map<string, JsonValue>();
  for (const [done, family] of families.entries()) {
    onProgress('families', done, families.length);
    const value = await tableValue((ref) => documents.read<TableNode>(ref), before.paths.families, family);
    const old =
      value === undefined ? undefined : await documents.read<FamilyDocument>(longOf(value as unknown as ShortRef));
    const added = changes.families.get(family) ?? [];
    const named = new Set([...(old?.named ?? []), ...(changes.named.get(family) ?? [])]);
    if (old !== undefined && added.length === 0 && named.size === old.named.length) continue;
    const events = await changes.familyEvents([...(old?.events ?? []), ...added]);
    const versions = await versionDocuments(rendering, events, named, old, report);
    const document = renderFamily(scrubber, family, events, named, versions);
    report.note(familyPath(family), document.scrubbed, old?.scrubbed);
    changed.set(family, shortOf(await documents.write(document)));
  }
  return changeTable(documents, before.paths.families, changed);
}

/** A version's document is rendered when both are in the log, the version and a run that names it; then it stays. */
async function versionDocuments(
  rendering: Rendering,
  events: readonly FamilyEvent[],
  named: ReadonlySet<string>,
  old: FamilyDocument | undefined,
  report: ScrubReport,
): Promise<ReadonlyMap<string, Ref>> {
  const documents = new Map<string, Ref>();
  for (const { version, document } of old?.versions ?? []) if (document !== undefined) documents.set(version, document);
  for (const [version, fact] of definitionsOf(events)) {
    if (!named.has(version) || documents.has(version)) continue;
    const document = await renderVersion(rendering, fact);
    report.note(versionPath(fact.family, version), document.scrubbed);
    documents.set(version, await rendering.documents.write(document));
  }
  return documents;
}
