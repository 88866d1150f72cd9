import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { git as gitProgram, gitHttpBackend } from '../process/program.ts';
import { gitHttpBackendName } from '../servers/git-http-backend.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { openAuthor } from './author.ts';
import { bareClone, expectMain } from './clone.ts';
import { git } from './git-command.ts';
import { hostNames, startHosts } from './hosts.ts';
import { push } from './push.ts';
import { largeSample, sampleFamily } from './sample.ts';
import { timed } from './timed.ts';

/** Commits that the clone has when the next one is fetched. */
const commitsBefore = 10;

export const fetchRow: Row = {
  name: 'fetch',
  work: 'fetch of a commit: 200 of 20,000 files changed',
  unit: 'ms',
  better: 'less',
  contenders: hostNames,
  holds: [{ against: gitHttpBackendName, limit: 1 }],
  programs: [gitProgram, gitHttpBackend],
  open: openFetch,
};

interface Fetch {
  url: string;
  /** As it was before the last commit was pushed. */
  clone: string;
  commit: string;
}

async function openFetch(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const { signal } = stage;
  const author = await openAuthor(stage, largeSample);
  const before = await author.edition(commitsBefore - 1);
  const { commit } = await author.edition(commitsBefore);
  const contenders: Contender[] = [];
  for (const host of await startHosts(stage, wanted)) {
    const url = await host.create(sampleFamily);
    const folder = await stage.directory('clone');
    await push(author, url, before.commit);
    await bareClone({ folder, signal }, url, 'clone.git');
    await push(author, url, commit);
    await host.maintain(sampleFamily);
    const fetch = { url, clone: join(folder, 'clone.git'), commit };
    contenders.push({ name: host.name, measure: () => measureFetch(stage, fetch) });
  }
  return contenders;
}

function measureFetch(stage: Stage, { url, clone, commit }: Fetch): Promise<number> {
  return stage.within(async (part) => {
    const place = { folder: await part.directory('fetch'), signal: stage.signal };
    await cp(clone, place.folder, { recursive: true });
    const refs = 'refs/heads/main:refs/heads/main';
    const { seconds } = await timed(stage.signal, () => git(place, 'fetch', '-q', url, refs));
    await expectMain(place, commit);
    return seconds * 1000;
  });
}
