import { checkKeys, type Check, type CheckContext } from './check.ts';
import { checkFilePath, checkFolderPath, checkText } from './check-path.ts';
import { checkFamily, checkName, checkStrings, checkTags, checkVersion, stringsOf } from './check-text.ts';
import { quoted } from './quoted.ts';
import type { TomlTable } from './toml-node.ts';

/** As an OCI image index writes a platform, with slashes between its parts. */
const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/;
const DOCKERFILE = 'Dockerfile';

const checkPlatforms: Check = (node, context) => {
  const seen = new Set<string>();
  for (const { value, place } of stringsOf(node, context)) {
    if (!PLATFORM.test(value)) context.faults.add(place, `${quoted(value)} is not a platform: "linux/amd64"`);
    else if (seen.has(value)) context.faults.add(place, `${quoted(value)} comes twice`);
    seen.add(value);
  }
};

const checkEnvironment: Check = (node, { faults }) => {
  if (node.type !== 'table') {
    faults.add(node.place, 'is not a table');
    return;
  }
  for (const [name, { type, place }] of node.members) {
    if (name === '' || /[=\0]/.test(name)) faults.add(place, `${quoted(name)} cannot be the name of a variable`);
    else if (type !== 'string' && type !== 'faulty') faults.add(place, 'is not a string');
  }
};

const KEYS: Readonly<Record<string, Check>> = {
  name: checkName,
  family: checkFamily,
  version: checkVersion,
  description: checkText,
  tags: checkTags,
  dockerfile: checkFilePath,
  context: checkFolderPath,
  platforms: checkPlatforms,
  entrypoint: checkStrings,
  cmd: checkStrings,
  env: checkEnvironment,
};

export function checkContainer(table: TomlTable, context: CheckContext): void {
  checkKeys(table, KEYS, context);
  if (!table.members.has('dockerfile')) checkDefaultDockerfile(context);
}

function checkDefaultDockerfile({ tree, faults }: CheckContext): void {
  const kind = tree.kindOf(DOCKERFILE);
  if (kind === undefined) faults.addOfFile(`there is no ${DOCKERFILE} beside it; name another as dockerfile`);
  else if (kind === 'link' || kind === 'folder')
    faults.addOfFile(`the ${DOCKERFILE} beside it is a ${kind}, not a file`);
}
