import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export function textAt(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths of all files below a folder, from the root of the repository. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length));
}

/** The one document of a YAML file, with its anchors and merges resolved. Throws where it is not well-formed. */
export function yamlAt(path: string): unknown {
  const [document, ...others] = parseAllDocuments(textAt(path), { merge: true });
  if (document === undefined || others.length > 0) throw new Error(`${path} holds not just one document`);
  if ('errors' in document && document.errors[0] !== undefined) throw document.errors[0];
  if ('warnings' in document && document.warnings[0] !== undefined) throw document.warnings[0];
  return document.toJS();
}
