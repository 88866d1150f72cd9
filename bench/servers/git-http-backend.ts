import { fileURLToPath } from 'node:url';
import { printedUrl, startChild } from '../process/child.ts';
import type { Stage } from '../stage.ts';
import type { StoringServer } from './server.ts';

export const gitHttpBackendName = 'git http-backend';

/** `git http-backend` behind a server that does nothing but start it: every bare repository in `data` is served. */
export async function startGitHttpBackend(stage: Stage): Promise<StoringServer> {
  const data = await stage.directory('git-http-backend');
  const program = fileURLToPath(new URL('git-http-backend-process.js', import.meta.url));
  const child = await startChild(stage, process.execPath, [program, data]);
  return { name: gitHttpBackendName, url: await child.ready(printedUrl), data };
}
