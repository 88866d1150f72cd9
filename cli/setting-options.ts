import { readConfig, type Config } from '../server/config.ts';
import { SETTINGS, type SettingName } from '../server/settings.ts';
import type { CommandOption, Values } from './command.ts';

/** The options of a command that come from the table of settings. */
export function settingOptions(names: readonly SettingName[]): Record<string, CommandOption> {
  return Object.fromEntries(
    names.map((name) => {
      const { placeholder, help, fallback, env } = SETTINGS[name];
      const shown = fallback === '' ? env : `${env}; default ${fallback}`;
      return [name, { type: 'string', placeholder, help: `${help} [${shown}]` }];
    }),
  );
}

export function configFrom(values: Values): Config {
  return readConfig(values);
}

export const EVERY_SETTING = Object.keys(SETTINGS) as SettingName[];
/** What a command needs that works on the data beside the server. */
export const DATA_SETTINGS: readonly SettingName[] = [
  'data',
  'store',
  'blobs',
  's3-endpoint',
  's3-region',
  's3-path-style',
];
