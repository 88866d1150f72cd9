#!/usr/bin/env node
import { WrongSetting } from '../server/settings.ts';
import { DONE, FAILED, parseCommandLine, UsageError, WRONG_USE } from './command.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, overallHelp } from './help.ts';
import { printable } from './printable.ts';

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help')
    return help(rest[0], name === undefined);
  const wanted = name === '--version' || name === '-v' ? 'version' : name;
  const entry = COMMANDS.find((one) => one.name === wanted);
  if (entry === undefined) return unknownCommand(name);
  try {
    const command = await entry.load();
    const { values, positionals } = parseCommandLine(command, rest);
    if (values['help'] === true) {
      process.stdout.write(commandHelp(command));
      return DONE;
    }
    return await command.run(values, positionals);
  } catch (error) {
    if (error instanceof UsageError || error instanceof WrongSetting) {
      process.stderr.write(`assay ${name}: ${printable(error.message)}\nassay help ${name} tells what it takes.\n`);
      return WRONG_USE;
    }
    process.stderr.write(`assay ${name}: ${printable(error instanceof Error ? error.message : String(error))}\n`);
    return FAILED;
  }
}

async function help(name: string | undefined, unasked: boolean): Promise<number> {
  const entry = COMMANDS.find((one) => one.name === name);
  if (name !== undefined && entry === undefined) return unknownCommand(name);
  const text = entry === undefined ? overallHelp(COMMANDS) : commandHelp(await entry.load());
  (unasked ? process.stderr : process.stdout).write(text);
  return unasked ? WRONG_USE : DONE;
}

function unknownCommand(name: string): number {
  const known = COMMANDS.map((command) => command.name).join(', ');
  process.stderr.write(`assay: there is no command ${JSON.stringify(name)}. There are: ${known}\n`);
  return WRONG_USE;
}

// Who reads the output may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? DONE : FAILED);
});

// The event loop ends by itself when everything is closed, so that output is never cut.
process.exitCode = await main(process.argv.slice(2));
