import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Exit codes: done, failed, wrong use. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in the help. */
  readonly placeholder?: string;
  readonly help: string;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** One command of `assay`. */
export interface Command {
  readonly usage: string;
  /** What it does, when to use it, and an example, for `assay help <command>`. */
  readonly description: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(values: Values, positionals: readonly string[]): Promise<number>;
}

/** Wrong use of a command: told with the way to its help, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseCommandLine(
  command: Command,
  args: readonly string[],
): { values: Values; positionals: readonly string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { type }] of Object.entries(command.options)) options[name] = { type };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values: values as Values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** For commands that take no words besides their options. */
export function refuseWords(positionals: readonly string[]): void {
  if (positionals[0] !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(positionals[0])}`);
}

/** For commands that take exactly one word; `question` is what is asked of who gives none. */
export function oneWord([word, ...others]: readonly string[], question: string): string {
  if (word === undefined) throw new UsageError(question);
  refuseWords(others);
  return word;
}
