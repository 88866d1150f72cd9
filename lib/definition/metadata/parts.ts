import type { JsonObject, JsonValue } from '../../encoding/canonical-json.ts';
import { isInlineText, pathIn } from './check-path.ts';
import type { TreeView } from './tree-view.ts';

/** Where a part is when the metadata does not say it. */
const DEFAULT_PATHS = {
  prompt: 'prompt.md',
  description: 'description.md',
  changelog: 'CHANGELOG.md',
  workspace: 'workspace',
  validation: 'validation',
} as const;

export type PartName = keyof typeof DEFAULT_PATHS;

/** Where a part of a definition is; or the part itself, where the metadata holds its text. */
export type DefinitionPart = { readonly path: string } | { readonly text: string };

const TEXTS: ReadonlySet<PartName> = new Set(['prompt', 'description', 'changelog']);

/** The parts that a definition has, by what its metadata says and else by the names that parts usually have. */
export function partsOf(config: JsonObject, tree: TreeView): Readonly<Partial<Record<PartName, DefinitionPart>>> {
  const parts: Partial<Record<PartName, DefinitionPart>> = {};
  for (const name of Object.keys(DEFAULT_PATHS) as PartName[]) {
    const value = config[name];
    const part = isSaid(value) ? saidPart(name, value) : defaultPart(name, tree);
    if (part !== undefined) parts[name] = part;
  }
  return parts;
}

/** A table may say other things of a part than where it is. */
function isSaid(value: JsonValue | undefined): value is JsonValue {
  return value !== undefined && (!isTable(value) || ['path', 'file', 'text'].some((key) => Object.hasOwn(value, key)));
}

function saidPart(name: PartName, value: JsonValue): DefinitionPart | undefined {
  const text = isTable(value) ? value['text'] : undefined;
  if (typeof text === 'string') return { text };
  if (isTable(value)) return partAt(value['path'] ?? value['file']);
  return typeof value === 'string' && TEXTS.has(name) && isInlineText(value) ? { text: value } : partAt(value);
}

function isTable(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partAt(value: JsonValue | undefined): DefinitionPart | undefined {
  const path = typeof value === 'string' ? pathIn(value) : undefined;
  return path === undefined ? undefined : { path };
}

/** A link is followed by nobody, so it stands for no part. */
function defaultPart(name: PartName, tree: TreeView): DefinitionPart | undefined {
  const path = DEFAULT_PATHS[name];
  const kind = tree.kindOf(path);
  const isThere = TEXTS.has(name) ? kind === 'file' || kind === 'executable' : kind === 'folder';
  return isThere ? { path } : undefined;
}
