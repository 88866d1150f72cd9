import { checkKeys, type Check, type CheckContext } from './check.ts';
import { checkBuild } from './check-build.ts';
import { checkItems } from './check-items.ts';
import { checkLimits } from './check-limits.ts';
import { checkPart, checkText } from './check-path.ts';
import { checkDifficulty, checkFamily, checkName, checkTags, checkVersion } from './check-text.ts';
import type { TomlTable } from './toml-node.ts';

const KEYS: Readonly<Record<string, Check>> = {
  name: checkName,
  family: checkFamily,
  version: checkVersion,
  difficulty: checkDifficulty,
  tags: checkTags,
  prompt: checkText,
  description: checkText,
  changelog: checkText,
  workspace: checkPart,
  validation: checkPart,
  build: checkBuild,
  limits: checkLimits,
};

export function checkTestCase(table: TomlTable, context: CheckContext): void {
  checkKeys(table, KEYS, context);
  checkItems(table, context);
}
