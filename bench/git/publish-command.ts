import { join } from 'node:path';
import { run } from '../process/run.ts';
import { root } from '../root.ts';
import type { Author } from './author.ts';
import { gitEnvironment } from './git-command.ts';

export interface Published {
  outcome: string;
  version: string;
  tree: string;
  sent: { objects: number; bytes: number };
}

/** `assay publish`, the whole process, as an author runs it. */
export async function publish(author: Author, server: string, options: readonly string[] = []): Promise<Published> {
  const args = [join(root, 'dist/cli/main.js'), 'publish', '--json', '--url', server, ...options, author.path];
  const { folder, signal } = author;
  const printed = await run(process.execPath, args, { seconds: 600, signal, folder, environment: gitEnvironment });
  const { outcomes } = JSON.parse(printed) as { outcomes: Published[] };
  const [outcome] = outcomes;
  if (outcome === undefined || outcomes.length !== 1) throw new Error(`${outcomes.length} versions were published`);
  return outcome;
}

export function expectPublished(published: Published, expected: { version: string; tree: string }): void {
  const { outcome, version, tree } = published;
  if (outcome === 'published' && version === expected.version && tree === expected.tree) return;
  throw new Error(`${outcome} ${version} of tree ${tree} instead of ${expected.version} of ${expected.tree}`);
}
