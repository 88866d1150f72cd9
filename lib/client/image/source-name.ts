import { stat } from 'node:fs/promises';
import { ImageError, plain } from './image-error.ts';
import { parseRegistryReference, withoutPassword, type RegistryReference } from './registry-reference.ts';

/** What the text of a source stands for. */
export type SourceName =
  | { readonly kind: 'registry'; readonly reference: RegistryReference }
  | { readonly kind: 'files'; readonly path: string; readonly chosen?: string; readonly form: Form };

/** Whether the user said what the files are. */
export type Form = 'layout' | 'archive' | 'any';

const FORMS: readonly (readonly [prefix: string, form: Form])[] = [
  ['oci:', 'layout'],
  ['oci-archive:', 'layout'],
  ['docker-archive:', 'archive'],
];
const LOOKS_LIKE_PATH = /^(?:\.{0,2}[/\\]|[a-z]:[/\\])|\.(?:tar|tgz|tar\.gz)(?:[:@]|$)/i;

/** Reads a source: by its prefix, or by what is on the disk, or else as the name of an image in a registry. */
export async function readSourceName(text: string): Promise<SourceName> {
  for (const [prefix, form] of FORMS) {
    if (text.startsWith(prefix)) return namedFiles(text.slice(prefix.length), form);
  }
  if (text.startsWith('docker://')) return inRegistry(text.slice('docker://'.length));
  const foreign = /^([a-z][a-z0-9+-]*):\/\//i.exec(text)?.[1];
  if (foreign !== undefined) {
    throw new ImageError(
      'source-invalid',
      `${foreign}:// names no source of images; there are oci:, docker-archive: and docker://`,
    );
  }
  if (LOOKS_LIKE_PATH.test(text)) return namedFiles(text, 'any');
  const files = await existing(text, isSource);
  return files === undefined ? inRegistry(text) : { kind: 'files', form: 'any', ...files };
}

function inRegistry(text: string): SourceName {
  return { kind: 'registry', reference: parseRegistryReference(text) };
}

async function namedFiles(text: string, form: Form): Promise<SourceName> {
  const files = await existing(text, async (path) => (await kindOf(path)) !== undefined);
  if (files !== undefined) return { kind: 'files', form, ...files };
  const path = /^(?:[a-z]:[/\\])?[^:]*/i.exec(text)?.[0] ?? text;
  throw new ImageError('source-missing', `no such file or folder: ${plain(withoutPassword(path))}`);
}

/** Paths may hold colons, too, so the longest that exists is the path and what follows it chooses the image. */
async function existing(
  text: string,
  counts: (path: string) => Promise<boolean>,
): Promise<{ path: string; chosen?: string } | undefined> {
  if (text !== '' && (await counts(text))) return { path: text };
  for (let end = text.length - 1; end > 0; end--) {
    if (text[end] !== ':' && text[end] !== '@') continue;
    const path = text.slice(0, end);
    const chosen = text.slice(text[end] === ':' ? end + 1 : end);
    if (chosen !== '' && chosen !== '@' && (await counts(path))) return { path, chosen };
  }
  return undefined;
}

/** Without a prefix a folder counts only if it is a layout: it may be called like a registry by chance. */
async function isSource(path: string): Promise<boolean> {
  const kind = await kindOf(path);
  return kind === 'file' || (kind === 'folder' && (await kindOf(`${path}/oci-layout`)) === 'file');
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : undefined;
  } catch {
    return undefined;
  }
}
