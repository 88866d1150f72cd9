import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git, gitBytes } from './git-command.ts';

/** Writes files below a folder; a content of null makes no file. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, content);
  }
}

/** Commits all there is, `day` days after 2020 began, so that every run makes the same commits. */
export async function commitAll(folder: string, message: string, day: number): Promise<string> {
  const date = `${1_577_836_800 + day * 86_400} +0000`;
  await git(folder, 'add', '-A');
  await gitBytes(folder, ['commit', '-q', '--allow-empty', '-m', message], {
    env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  return git(folder, 'rev-parse', 'HEAD');
}

/** Ten commits with folders, links, an executable, a merge, tags of both kinds, and files that delta well. */
export async function sampleRepository(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await git(folder, 'init', '-q');
  const story = Array.from({ length: 400 }, (_, line) => `line ${line} of a story that gets longer\n`);
  for (let day = 0; day < 8; day += 1) {
    writeFiles(folder, {
      'story.txt': [...story.slice(0, 300), `day ${day}\n`, ...story.slice(300)].join(''),
      [`days/${day}/note.md`]: `# Day ${day}\n`,
      'days/shared/Größe ✓.txt': 'always the same\n',
      'large.bin': Buffer.alloc(300_000, `block ${day % 2} `),
    });
    if (day === 0) symlinkSync('../story.txt', join(folder, 'days', 'link'));
    if (day === 1) {
      writeFiles(folder, { 'run.sh': '#!/bin/sh\necho run\n' });
      chmodSync(join(folder, 'run.sh'), 0o755);
    }
    await commitAll(folder, `day ${day}`, day);
    if (day === 2) await git(folder, 'tag', 'light');
    if (day === 4) await git(folder, 'tag', '-a', '-m', 'the fourth day', 'v1.0.0');
  }
  await git(folder, 'checkout', '-q', '-b', 'side', 'HEAD~3');
  writeFiles(folder, { 'side.txt': 'from the side\n' });
  await commitAll(folder, 'side', 9);
  await git(folder, 'checkout', '-q', 'main');
  const date = `${1_577_836_800 + 10 * 86_400} +0000`;
  await gitBytes(folder, ['merge', '-q', '--no-ff', '-m', 'merge', 'side'], {
    env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
}
