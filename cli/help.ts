import type { Command } from './command.ts';
import type { CommandEntry } from './commands.ts';

export function overallHelp(commands: readonly CommandEntry[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return [
    'Assay keeps tests and their results the way Git keeps code.',
    '',
    'Usage: assay <command> [options]',
    '',
    'Commands:',
    ...table(rows),
    '',
    'assay help <command> tells more. Exit codes: 0 done, 1 failed, 2 wrong use.',
    '',
  ].join('\n');
}

export function commandHelp({ usage, description, options }: Command): string {
  const rows = Object.entries(options).map(([name, { placeholder, help }]) => {
    return [`--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, help] as const;
  });
  return [
    `Usage: ${usage}`,
    '',
    description.trim(),
    '',
    'Options:',
    ...table([...rows, ['--help', 'this text']]),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
