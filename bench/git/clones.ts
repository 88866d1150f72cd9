import { join } from 'node:path';
import { longestProbe } from '../load/probe.ts';
import { git as gitProgram } from '../process/program.ts';
import { assayName, startAssay } from '../servers/assay.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { openAuthor } from './author.ts';
import { bareClone, expectMain } from './clone.ts';
import { push } from './push.ts';
import { largeSample, sampleFamily } from './sample.ts';

const count = 8;
const probeEveryMs = 10;

export const clonesRow: Row = {
  name: 'eight-clones',
  work: 'eight such clones at once: longest health probe',
  unit: 'ms',
  better: 'less',
  contenders: [assayName],
  holds: [{ limit: 100 }],
  programs: [gitProgram],
  open: openClones,
};

async function openClones(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  if (!wanted.includes(assayName)) return [];
  const author = await openAuthor(stage, largeSample);
  const { commit } = await author.edition(0);
  const server = await startAssay(stage);
  await push(author, repositoryOf(server.url), commit);
  return [{ name: assayName, measure: () => measureClones(stage, server.url, commit) }];
}

function measureClones(stage: Stage, server: string, commit: string): Promise<number> {
  const { signal } = stage;
  return stage.within(async (part) => {
    const folder = await part.directory('clones');
    const names = Array.from({ length: count }, (_, index) => `clone-${index}.git`);
    // All of them come to an end before their folder goes.
    const clones = Promise.allSettled(names.map((name) => bareClone({ folder, signal }, repositoryOf(server), name)));
    const longest = await longestProbe(`${server}/healthz`, probeEveryMs, clones);
    for (const clone of await clones) if (clone.status === 'rejected') throw clone.reason;
    for (const name of names) await expectMain({ folder: join(folder, name), signal }, commit);
    return longest;
  });
}

function repositoryOf(server: string): string {
  return `${server}/git/${sampleFamily}.git`;
}
