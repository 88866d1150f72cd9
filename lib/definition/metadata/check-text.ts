import { isFamily } from '../../oci/name.ts';
import { versionNamed } from '../version-name.ts';
import type { Check, CheckContext } from './check.ts';
import { quoted } from './quoted.ts';
import type { TomlNode, TomlString } from './toml-node.ts';

/** What names a thing has to fit into lists and addresses. */
const LONGEST_NAME = 200;

export const checkName: Check = (node, { faults }) => {
  if (node.type === 'string') checkNameText(node, node.value, { faults });
  else faults.add(node.place, 'is not a string');
};

export function checkNameText(at: TomlNode, name: string, { faults }: Pick<CheckContext, 'faults'>): void {
  if (name.trim() === '') faults.add(at.place, 'is empty');
  else if (name.length > LONGEST_NAME) faults.add(at.place, `is longer than ${LONGEST_NAME} characters`);
}

export const checkFamily: Check = (node, { faults }) => {
  if (node.type !== 'string') faults.add(node.place, 'is not a string');
  else if (!isFamily(node.value)) {
    faults.add(
      node.place,
      `${quoted(node.value)} names no family: lower-case letters and digits, with . _ - and / between them`,
    );
  }
};

export const checkVersion: Check = (node, { faults }) => {
  if (node.type !== 'string') faults.add(node.place, 'is not a string');
  else if (versionNamed(node.value) === undefined) {
    faults.add(node.place, `${quoted(node.value)} is not a version: "1.2.3" or "1.2.3-rc.1", without build metadata`);
  }
};

export const checkDifficulty: Check = (node, context) => {
  if (node.type === 'number' && node.isInteger) return;
  if (node.type === 'string') checkName(node, context);
  else context.faults.add(node.place, 'is neither a string nor an integer');
};

export const checkTags: Check = (node, context) => {
  const seen = new Set<string>();
  for (const tag of stringsOf(node, context)) {
    checkName(tag, context);
    if (seen.has(tag.value)) context.faults.add(tag.place, `${quoted(tag.value)} comes twice`);
    seen.add(tag.value);
  }
};

export const checkStrings: Check = (node, context) => {
  stringsOf(node, context);
};

/** The strings of a list; what else is in it is said to be wrong. */
export function stringsOf(node: TomlNode, { faults }: CheckContext): readonly TomlString[] {
  if (node.type !== 'list') {
    faults.add(node.place, 'is not a list of strings');
    return [];
  }
  const strings: TomlString[] = [];
  for (const element of node.elements) {
    if (element.type === 'string') strings.push(element);
    else if (element.type !== 'faulty') faults.add(element.place, 'is not a string');
  }
  return strings;
}
