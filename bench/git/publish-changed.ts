import { git as gitProgram, gitHttpBackend } from '../process/program.ts';
import { assayName, startAssay } from '../servers/assay.ts';
import { gitHttpBackendName } from '../servers/git-http-backend.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { type Author, openAuthor } from './author.ts';
import { git } from './git-command.ts';
import { hostNames, startPeer } from './hosts.ts';
import { expectPublished, publish } from './publish-command.ts';
import { expectPushed, push } from './push.ts';
import { largeSample, sampleFamily, versionOf } from './sample.ts';
import { timed } from './timed.ts';

export const publishChangedRow: Row = {
  name: 'publish-changed',
  work: 'publish of 200 changed among 20,000; git push',
  unit: 'ms',
  better: 'less',
  contenders: hostNames,
  holds: [{ against: gitHttpBackendName, limit: 1.5 }],
  programs: [gitProgram, gitHttpBackend],
  open: openPublishChanged,
};

/** Sends an edition to a server that has the one before it, and tells how long that took. */
type Send = (edition: number) => Promise<number>;

async function openPublishChanged(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const author = await openAuthor(stage, largeSample);
  const openers: Record<string, () => Promise<Send>> = {
    [assayName]: () => openAssay(stage, author),
    [gitHttpBackendName]: () => openPeer(stage, author),
  };
  const contenders: Contender[] = [];
  for (const [name, open] of Object.entries(openers)) {
    if (!wanted.includes(name)) continue;
    const send = await open();
    let sent = 0;
    contenders.push({ name, measure: async () => (await send(++sent)) * 1000 });
  }
  return contenders;
}

async function openAssay(stage: Stage, author: Author): Promise<Send> {
  const server = await startAssay(stage);
  await publish(author, server.url);
  return async (edition) => {
    const { tree } = await author.edition(edition);
    const before = await author.edition(edition - 1);
    const { seconds, result } = await timed(stage.signal, () => publish(author, server.url));
    expectPublished(result, { version: versionOf(edition), tree });
    const missing = await objectsBetween(author, before.tree, tree);
    if (result.sent.objects !== missing) throw new Error(`${result.sent.objects} of ${missing} missing objects sent`);
    return seconds;
  };
}

async function openPeer(stage: Stage, author: Author): Promise<Send> {
  const host = await startPeer(stage);
  const url = await host.create(sampleFamily);
  await push(author, url, (await author.edition(0)).commit);
  return async (edition) => {
    const { commit } = await author.edition(edition);
    const { seconds } = await timed(stage.signal, () => push(author, url, commit));
    await expectPushed(author, url, commit);
    return seconds;
  };
}

async function objectsBetween(author: Author, before: string, after: string): Promise<number> {
  const objects = await git(author, 'rev-list', '--objects', '--no-object-names', after, `^${before}`);
  return objects.split('\n').length;
}
