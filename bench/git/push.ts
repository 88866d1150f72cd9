import type { Author } from './author.ts';
import { git } from './git-command.ts';

export async function push(author: Author, url: string, commit: string): Promise<void> {
  await git(author, 'push', '-q', url, `${commit}:refs/heads/main`);
}

export async function expectPushed(author: Author, url: string, commit: string): Promise<void> {
  const refs = await git(author, 'ls-remote', url, 'refs/heads/main');
  if (!refs.startsWith(`${commit}\t`)) throw new Error(`${url} has '${refs}' instead of ${commit}`);
}
