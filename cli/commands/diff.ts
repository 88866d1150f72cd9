import { clientFrom, referenceFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, refuseWords, UsageError, type Command } from '../command.ts';
import { differenceLines } from '../difference-lines.ts';

export const diff: Command = {
  usage: 'assay diff <family>@<ref> <ref | family@ref>',
  description: `
Lists the files that differ between two versions, of one family or of two: A was
added, D removed, M changed. For the lines within the files, clone the family:
git diff v1.0.0 v1.1.0 works there.

  assay diff test-cases/carom@v1.0.0 v1.1.0
  assay diff test-cases/carom@stable test-cases/carom@latest`,
  options: { json: { type: 'boolean', help: 'one JSON object' }, ...SERVER_OPTIONS },
  async run(values, words) {
    const [before, after, ...others] = words;
    if (before === undefined || after === undefined) throw new UsageError('which two versions?');
    refuseWords(others);
    const from = referenceFrom(before, 'latest');
    const to = referenceFrom(isAlone(after) ? `${from.family}@${after}` : after, 'latest');
    const difference = await clientFrom(values).diff(from, to);
    const { added, changed, removed, cut } = difference;
    const lines = [
      ...differenceLines(difference),
      ...(cut === true ? ['…'] : []),
      `${added} added, ${changed} changed, ${removed} removed`,
    ];
    process.stdout.write(values['json'] === true ? `${JSON.stringify(difference)}\n` : `${lines.join('\n')}\n`);
    return DONE;
  },
};

/** A ref of the same family: families that hold versions have a slash or an @ here. */
function isAlone(word: string): boolean {
  return !word.includes('@') && (!word.includes('/') || word.startsWith('sha256:'));
}
