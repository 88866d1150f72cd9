import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printedUrl, startChild } from '../process/child.ts';
import type { Stage } from '../stage.ts';
import type { Server } from './server.ts';

export const bareKoaName = 'bare Koa';

/** What the bare server answers to whatever it is asked. */
export interface Reply {
  headers: [string, string][];
  bodyBase64: string;
}

/** The ceiling: Koa without a route or a store, giving `reply` from memory. */
export async function startBareKoa(stage: Stage, reply: Reply): Promise<Server> {
  const path = join(await stage.directory('bare-koa'), 'reply.json');
  await writeFile(path, JSON.stringify(reply));
  const program = fileURLToPath(new URL('bare-koa-process.js', import.meta.url));
  const child = await startChild(stage, process.execPath, [program, path]);
  return { name: bareKoaName, url: await child.ready(printedUrl) };
}
