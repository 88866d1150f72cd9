import { AssayClient } from '../lib/client/assay-client.ts';
import { isClientError } from '../lib/client/client-error.ts';
import { ContentCache } from '../lib/client/content-cache.ts';
import { parseReference, type Reference } from '../lib/client/reference.ts';
import { RunClient } from '../lib/client/run-client.ts';
import { COMMAND_SETTINGS } from '../server/command-settings.ts';
import { actorName, cacheFolder, serverUrl } from '../server/config.ts';
import { printable } from './printable.ts';
import { UsageError, type CommandOption, type Values } from './command.ts';

/** The options of a command that speaks to a server. */
export const SERVER_OPTIONS = { url: commandOption('url') } as const satisfies Record<string, CommandOption>;

/** The options of a command that also has a cache. */
export const CACHE_OPTIONS = {
  ...SERVER_OPTIONS,
  cache: commandOption('cache'),
} as const satisfies Record<string, CommandOption>;

function commandOption(name: 'url' | 'cache'): CommandOption & { readonly type: 'string' } {
  const { placeholder, help, env, fallback } = COMMAND_SETTINGS[name];
  return { type: 'string', placeholder, help: `${help} [${env}; default ${fallback}]` };
}

export function clientFrom(values: Values): AssayClient {
  return new AssayClient({ url: serverUrl(textOf(values, 'url')), actor: actorName() });
}

export function runClientFrom(values: Values): RunClient {
  return new RunClient({ url: serverUrl(textOf(values, 'url')), actor: actorName() });
}

export function cacheFrom(values: Values): ContentCache {
  return new ContentCache(cacheFolder(textOf(values, 'cache')));
}

/** Tells what a person should know without putting it among the results. */
export function notice(text: string): void {
  process.stderr.write(`assay: ${printable(text)}\n`);
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** `family@ref` from the command line: what names no version is wrong use. */
export function referenceFrom(text: string, otherwise?: string): Reference {
  try {
    return parseReference(text, otherwise);
  } catch (error) {
    if (isClientError(error, 'bad-reference')) throw new UsageError(error.message);
    throw error;
  }
}
