import type { Check, CheckContext } from './check.ts';
import type { TomlList, TomlNode } from './toml-node.ts';

/** Commands: one, a list, a list of their words, or a table of such under any names. */
export const checkBuild: Check = (node, context) => {
  if (node.type === 'string') checkCommand(node, context);
  else if (node.type === 'list') checkCommands(node, context);
  else if (node.type === 'table') for (const member of node.members.values()) checkMember(member, context);
  else context.faults.add(node.place, 'is neither a command, a list of commands nor a table of them');
};

/** Other values are settings of a build that we do not know. */
function checkMember(node: TomlNode, context: CheckContext): void {
  if (node.type === 'string' || node.type === 'list') checkBuild(node, context);
}

function checkCommands(list: TomlList, context: CheckContext): void {
  for (const element of list.elements) {
    if (element.type === 'table') checkBuild(element, context);
    else if (element.type === 'list') checkWords(element, context);
    else checkCommand(element, context);
  }
}

function checkWords(list: TomlList, context: CheckContext): void {
  if (list.elements.length === 0) context.faults.add(list.place, 'is a command without words');
  for (const word of list.elements) checkCommand(word, context);
}

function checkCommand(node: TomlNode, { faults }: CheckContext): void {
  if (node.type === 'faulty') return;
  if (node.type !== 'string') faults.add(node.place, 'is not a string');
  else if (node.value.trim() === '') faults.add(node.place, 'is empty');
}
