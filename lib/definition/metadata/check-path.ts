import { checkKeys, type Check, type CheckContext } from './check.ts';
import { quoted } from './quoted.ts';
import type { TomlNode } from './toml-node.ts';
import type { TreeView } from './tree-view.ts';

type Wanted = 'file' | 'folder' | 'file or folder';

export const checkFilePath: Check = (node, context) => checkPath(node, 'file', context);
export const checkFolderPath: Check = (node, context) => checkPath(node, 'folder', context);
export const checkAnyPath: Check = (node, context) => checkPath(node, 'file or folder', context);

const TEXT_KEYS: Readonly<Record<string, Check>> = {
  path: checkFilePath,
  file: checkFilePath,
  text: checkPlainText,
};
const HINT = '; a text that could be a path is written { text = "…" }';

/** A text that stands in the metadata itself, or the path of the file that holds it. */
export const checkText: Check = (node, context) => {
  if (node.type === 'table') checkKeys(node, TEXT_KEYS, context);
  else if (node.type !== 'string') refuseShape(node, 'is neither a path nor a text', context);
  else if (!isInlineText(node.value)) checkPath(node, 'file', context, HINT);
};

/** A part of the definition that is a folder or a file, or a table that says more of it. */
export const checkPart: Check = (node, context) => {
  if (node.type === 'table') checkKeys(node, { path: checkAnyPath, file: checkFilePath }, context);
  else if (node.type === 'string') checkPath(node, 'file or folder', context);
  else refuseShape(node, 'is no path', context);
};

/** A path has a dot or a slash and no white space; everything else is text, in whatever language. */
export function isInlineText(value: string): boolean {
  return value !== '' && (/\s/u.test(value) || !/[./]/.test(value));
}

/** Lists are kept as they are: nothing is known of what they would mean here. */
function refuseShape(node: TomlNode, message: string, { faults }: CheckContext): void {
  if (node.type !== 'list') faults.add(node.place, message);
}

function checkPlainText(node: TomlNode, { faults }: CheckContext): void {
  if (node.type !== 'string') faults.add(node.place, 'is not a string');
}

function checkPath(node: TomlNode, wanted: Wanted, { tree, faults }: CheckContext, hint = ''): void {
  if (node.type !== 'string') {
    faults.add(node.place, 'is not a path');
    return;
  }
  const message = pathFault(node.value, wanted, tree, hint);
  if (message !== undefined) faults.add(node.place, message);
}

function pathFault(text: string, wanted: Wanted, tree: TreeView, hint: string): string | undefined {
  const path = pathIn(text);
  if (path === undefined) return `${quoted(text)} leads out of the version; say it from its root`;
  if (text === '') return 'is empty';
  const kind = path === '' ? 'folder' : tree.kindOf(path);
  if (kind === undefined) return `${quoted(text)} is not in this version${hint}`;
  if (kind === 'link') return `${quoted(text)} is a symbolic link; name what it points at`;
  const is = kind === 'folder' ? 'folder' : 'file';
  return wanted === 'file or folder' || wanted === is ? undefined : `${quoted(text)} is a ${is}, not a ${wanted}`;
}

/** From the root, without parts that say nothing; undefined where it would leave the root, even to come back. */
export function pathIn(text: string): string | undefined {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  return text.startsWith('/') || parts.includes('..') ? undefined : parts.join('/');
}
