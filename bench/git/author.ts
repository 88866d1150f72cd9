import { join } from 'node:path';
import type { Stage } from '../stage.ts';
import { git, type GitPlace } from './git-command.ts';
import { type Sample, sampleFamily, writeEdition } from './sample.ts';

export interface Commit {
  commit: string;
  /** Of the test case, which is all that the commit has. */
  tree: string;
}

/** An author's repository, in which each edition of a sample becomes a commit. */
export interface Author extends GitPlace {
  /** Where the test case lies in it. */
  path: string;
  /** Editions are made in order, each once; who asks for one again gets the same commit. */
  edition(number: number): Promise<Commit>;
}

/** Makes the repository and its first edition, packed as Git leaves so many files by itself. */
export async function openAuthor(stage: Stage, sample: Sample): Promise<Author> {
  const place = { folder: await stage.directory('author'), signal: stage.signal };
  const editions: Commit[] = [];
  await git(place, 'init', '-q', '-b', 'main');
  const edition = async (number: number): Promise<Commit> => {
    while (editions.length <= number) {
      writeEdition(join(place.folder, sampleFamily), sample, editions.length);
      editions.push(await commitAll(place, `Edition ${editions.length}`));
    }
    const made = editions[number];
    if (made === undefined) throw new RangeError(`there is no edition ${number}`);
    return made;
  };
  await edition(0);
  await git(place, 'gc', '-q');
  return { ...place, path: sampleFamily, edition };
}

async function commitAll(place: GitPlace, message: string): Promise<Commit> {
  await git(place, 'add', '--all');
  await git(place, 'commit', '-q', '-m', message);
  return {
    commit: await git(place, 'rev-parse', 'HEAD'),
    tree: await git(place, 'rev-parse', `HEAD:${sampleFamily}`),
  };
}
