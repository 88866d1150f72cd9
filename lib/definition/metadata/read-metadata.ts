import type { Fault, Kind } from '../wire.ts';
import { versionNamed } from '../version-name.ts';
import { checkContainer } from './check-container.ts';
import { checkTestCase } from './check-test-case.ts';
import { FaultList } from './fault-list.ts';
import { METADATA_FILES, type Metadata } from './metadata.ts';
import { parseToml } from './parse-toml.ts';
import { tableToJson } from './to-json.ts';
import type { TomlTable } from './toml-node.ts';
import type { TreeView } from './tree-view.ts';

const CHECKS = { 'test-case': checkTestCase, container: checkContainer };

/**
 * Reads the metadata file of a version and compares it with the tree that it stands in. There is metadata only where
 * there are no faults. The answer depends on nothing else, so that an author's machine says what the server will say.
 */
export function readMetadata(
  kind: Kind,
  bytes: Uint8Array,
  tree: TreeView,
): { readonly metadata?: Metadata; readonly faults: readonly Fault[] } {
  const faults = new FaultList(METADATA_FILES[kind]);
  const table = parseToml(bytes, faults);
  if (table === undefined) return { faults: faults.all };
  CHECKS[kind](table, { tree, faults });
  return faults.isEmpty ? { metadata: metadataOf(kind, table), faults: [] } : { faults: faults.all };
}

function metadataOf(kind: Kind, table: TomlTable): Metadata {
  const [name, family, written] = ['name', 'family', 'version'].map((key) => stringAt(table, key));
  const version = written === undefined ? undefined : versionNamed(written);
  return {
    kind,
    config: tableToJson(table),
    ...(name !== undefined && { name }),
    ...(family !== undefined && { family }),
    ...(version !== undefined && { version }),
  };
}

function stringAt(table: TomlTable, key: string): string | undefined {
  const node = table.members.get(key);
  return node?.type === 'string' ? node.value : undefined;
}
