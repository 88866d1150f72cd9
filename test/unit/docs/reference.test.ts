import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../cli/commands.ts';
import { referencePage } from '../../../cli/reference.ts';
import { SETTINGS } from '../../../server/settings.ts';

test('docs/reference.md is what the code says (npm run docs makes it anew)', async () => {
  const kept = await readFile(new URL('../../../docs/reference.md', import.meta.url), 'utf8');
  expect(kept).toBe(await referencePage());
});

test('has every command and every setting', async () => {
  const lines = (await referencePage()).split('\n');
  for (const { name } of COMMANDS) expect(lines).toContain(`### assay ${name}`);
  for (const [name, { env }] of Object.entries(SETTINGS)) {
    expect(lines.filter((line) => line.startsWith(`| \`--${name}\` | \`${env}\` |`))).toHaveLength(1);
  }
});

test('breaks no table by what a setting takes', async () => {
  const rows = (await referencePage()).split('\n').filter((line) => line.startsWith('| `--'));
  for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(7);
});
