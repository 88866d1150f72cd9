import { git as gitProgram, gitHttpBackend } from '../process/program.ts';
import { assayName, startAssay } from '../servers/assay.ts';
import { gitHttpBackendName } from '../servers/git-http-backend.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { type Author, openAuthor } from './author.ts';
import { hostNames, startPeer } from './hosts.ts';
import { expectPublished, publish } from './publish-command.ts';
import { expectPushed, push } from './push.ts';
import { largeSample, sampleFamily, versionOf } from './sample.ts';
import { timed } from './timed.ts';

export const publishRow: Row = {
  name: 'publish',
  work: 'publish of 20,000 files; git push of the same',
  unit: 's',
  better: 'less',
  contenders: hostNames,
  holds: [{ against: gitHttpBackendName, limit: 1.5 }],
  programs: [gitProgram, gitHttpBackend],
  open: openPublish,
};

async function openPublish(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const author = await openAuthor(stage, largeSample);
  const measures: Record<string, (part: Stage) => Promise<number>> = {
    [assayName]: (part) => measurePublish(part, author),
    [gitHttpBackendName]: (part) => measurePush(part, author),
  };
  // A server that has the content already would be spared the work, so each measure has an empty one.
  return Object.entries(measures)
    .filter(([name]) => wanted.includes(name))
    .map(([name, measure]) => ({ name, measure: () => stage.within(measure) }));
}

async function measurePublish(stage: Stage, author: Author): Promise<number> {
  const { tree } = await author.edition(0);
  const server = await startAssay(stage);
  const { seconds, result } = await timed(stage.signal, () => publish(author, server.url));
  expectPublished(result, { version: versionOf(0), tree });
  return seconds;
}

async function measurePush(stage: Stage, author: Author): Promise<number> {
  const { commit } = await author.edition(0);
  const host = await startPeer(stage);
  const url = await host.create(sampleFamily);
  const { seconds } = await timed(stage.signal, () => push(author, url, commit));
  await expectPushed(author, url, commit);
  return seconds;
}
