import { join } from 'node:path';
import { printedUrl, startChild } from '../process/child.ts';
import { root } from '../root.ts';
import type { Stage } from '../stage.ts';
import type { StoringServer } from './server.ts';

export const assayName = 'assay';

/** Assay as an operator starts it, metrics on, with an empty store. */
export async function startAssay(stage: Stage): Promise<StoringServer> {
  const data = await stage.directory('assay');
  const args = [join(root, 'dist/cli/main.js'), 'serve', '--host', '127.0.0.1', '--port', '0', '--data', data];
  const child = await startChild(stage, process.execPath, args, { withoutSettings: /^ASSAY_/ });
  return { name: assayName, url: await child.ready(printedUrl), data };
}
