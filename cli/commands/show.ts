import type { Version } from '../../lib/client/index.ts';
import { clientFrom, referenceFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, oneWord, type Command } from '../command.ts';
import { counted } from '../counted.ts';
import { sizeText } from '../size-text.ts';
import { actorText, table, timeText } from '../table.ts';

export const show: Command = {
  usage: 'assay show <family>[@<ref>]',
  description: `
Shows a version: its digest, its Git tree and commit, where it was published
from and by whom, its pins, what was said of it afterwards, and its metadata.

  assay show test-cases/carom@v1.0.0`,
  options: { json: { type: 'boolean', help: 'one JSON object, metadata in it' }, ...SERVER_OPTIONS },
  async run(values, words) {
    const reference = referenceFrom(oneWord(words, 'which version?'), 'latest');
    const client = clientFrom(values);
    const version = await client.version(reference);
    const metadata = JSON.parse(
      (await client.metadata({ family: version.family, ref: version.digest })).toString('utf8'),
    ) as unknown;
    const text = `${table(rows(version))}\n${JSON.stringify(metadata, undefined, 2)}\n`;
    process.stdout.write(values['json'] === true ? `${JSON.stringify({ ...version, metadata })}\n` : text);
    return DONE;
  },
};

function rows(version: Version): string[][] {
  const { family, kind, digest, tree, commit, layer, image, files, published, source, pins, statements, retired } =
    version;
  const from = [source.repository, source.path, source.commit].filter((part) => part !== undefined).join(' ');
  return [
    ['version', `${family}@${version.version}`],
    ['kind', kind],
    ...(retired === undefined ? [] : [['retired', retired]]),
    ['digest', digest],
    ['tree', tree],
    ['commit', commit],
    ['layer', `${layer.digest} (${counted(files, 'file')}, ${sizeText(layer.size)} as a tar)`],
    ...(image === undefined ? [] : [['image', image]]),
    ['published', `${timeText(published.at)} by ${actorText(published.by)} (${published.with})`],
    ...(from === '' ? [] : [['source', `${from}${source.worktree === true ? ', with uncommitted changes' : ''}`]]),
    ...(pins.length === 0 ? [] : [['pins', pins.join(' ')]]),
    ...statements.map(({ kind: what, text, at, by }) => [what, `${text} (${timeText(at)} by ${actorText(by)})`]),
  ];
}
