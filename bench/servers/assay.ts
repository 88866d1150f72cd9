import { join } from 'node:path';
import { printedUrl, startChild } from '../process/child.ts';
import { root } from '../root.ts';
import type { Stage } from '../stage.ts';
import type { StoringServer } from './server.ts';

export const assayName = 'assay';

export interface AssaySettings {
  flags?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** Assay as an operator starts it, metrics on, with an empty store. */
export async function startAssay(stage: Stage, settings: AssaySettings = {}): Promise<StoringServer> {
  const data = await stage.directory('assay');
  const args = [join(root, 'dist/cli/main.js'), 'serve', '--host', '127.0.0.1', '--port', '0', '--data', data];
  const { flags = [], env = {} } = settings;
  const child = await startChild(stage, process.execPath, [...args, ...flags], { withoutSettings: /^ASSAY_/, env });
  return { name: assayName, url: await child.ready(printedUrl), data };
}
