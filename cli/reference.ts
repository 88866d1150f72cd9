import { COMMAND_SETTINGS } from '../server/command-settings.ts';
import { SETTINGS } from '../server/settings.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { commandHelp } from './help.ts';

const HEAD = `# Commands and settings

<!-- Made by \`npm run docs\` from cli/commands.ts and server/settings.ts. Changes by hand are lost. -->

Everything that \`assay help\` tells, on one page. [operating.md](operating.md) says what to choose, and [start.md](start.md) how to begin.`;

const SETTINGS_HEAD = `## Settings

A flag of \`assay serve\` goes before the environment, the environment before the default. An empty variable is one that is not set. A time is a
number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, a size one with \`B\`, \`KiB\`, \`MiB\`, \`GiB\` or \`TiB\`; a number alone is seconds or bytes. What cannot be
used is named at the start, exit 2.`;

const VARIABLES_HEAD = `### For commands that speak to a server

The flag goes before the environment here, too. Commands that open the data themselves take the flags of the server for it.`;

const COMMANDS_HEAD = `## Commands

Exit codes: 0 done, 1 failed, 2 wrong use or a wrong setting.`;

/** docs/reference.md, as the code has it. */
export async function referencePage(): Promise<string> {
  const sections = await Promise.all(COMMANDS.map(commandSection));
  return `${[
    HEAD,
    SETTINGS_HEAD,
    settingsTable(),
    VARIABLES_HEAD,
    variablesTable(),
    COMMANDS_HEAD,
    commandsTable(),
    ...sections,
  ].join('\n\n')}\n`;
}

function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(([name, { env, placeholder, fallback, help }]) => [
    code(`--${name}`),
    code(env),
    code(placeholder),
    fallback === '' ? '' : code(fallback),
    help,
  ]);
  return table(['flag', 'environment', 'takes', 'default', 'what'], rows);
}

function variablesTable(): string {
  const rows = Object.values(COMMAND_SETTINGS).map(({ env, flag, placeholder, fallback, help }) => [
    flag === undefined ? '' : code(flag),
    code(env),
    code(placeholder),
    fallback.includes(' ') ? fallback : code(fallback),
    help,
  ]);
  return table(['flag', 'environment', 'takes', 'default', 'what'], rows);
}

function commandsTable(): string {
  const rows = COMMANDS.map(({ name, summary }) => [`[\`assay ${name}\`](#assay-${name})`, summary]);
  return table(['command', 'to'], rows);
}

async function commandSection({ name, load }: CommandEntry): Promise<string> {
  return `### assay ${name}\n\n\`\`\`text\n${commandHelp(await load()).trimEnd()}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return lines.join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, also within code (GitHub Flavored Markdown, "Tables"). */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
