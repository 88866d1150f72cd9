import { join } from 'node:path';
import { git as gitProgram, gitHttpBackend } from '../process/program.ts';
import { gitHttpBackendName } from '../servers/git-http-backend.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { openAuthor } from './author.ts';
import { git, type GitPlace } from './git-command.ts';
import { hostNames, startHosts } from './hosts.ts';
import { push } from './push.ts';
import { largeSample, sampleFamily } from './sample.ts';
import { timed } from './timed.ts';

export const cloneRow: Row = {
  name: 'clone',
  work: 'bare clone of 20,000 files, 105 MiB',
  unit: 's',
  better: 'less',
  contenders: hostNames,
  holds: [{ against: gitHttpBackendName, limit: 1 }],
  programs: [gitProgram, gitHttpBackend],
  open: openClone,
};

async function openClone(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const author = await openAuthor(stage, largeSample);
  const { commit } = await author.edition(0);
  const contenders: Contender[] = [];
  for (const host of await startHosts(stage, wanted)) {
    const url = await host.create(sampleFamily);
    await push(author, url, commit);
    await host.maintain(sampleFamily);
    contenders.push({ name: host.name, measure: () => measureClone(stage, url, commit) });
  }
  return contenders;
}

function measureClone(stage: Stage, url: string, commit: string): Promise<number> {
  const { signal } = stage;
  return stage.within(async (part) => {
    const folder = await part.directory('clone');
    const { seconds } = await timed(signal, () => bareClone({ folder, signal }, url, 'clone.git'));
    await expectMain({ folder: join(folder, 'clone.git'), signal }, commit);
    return seconds;
  });
}

export async function bareClone(place: GitPlace, url: string, name: string): Promise<void> {
  await git(place, 'clone', '--bare', '-q', url, name);
}

/** A commit that is named but whose files did not come would be a fast clone as well. */
export async function expectMain(place: GitPlace, commit: string): Promise<void> {
  const found = await git(place, 'rev-parse', 'main');
  if (found !== commit) throw new Error(`main is ${found} instead of ${commit}`);
  await git(place, 'rev-list', '--objects', '--quiet', 'main');
}
