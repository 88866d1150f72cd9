import { submitRun, type SubmittedRun } from '../../lib/client/index.ts';
import { runClientFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, oneWord, type Command } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';
import { Progress } from '../progress.ts';
import { sizeText } from '../size-text.ts';
import { tellFaults } from '../tell-faults.ts';

export const submit: Command = {
  usage: 'assay submit <run directory> [--dry-run] [--json]',
  description: `
Publishes a run: record.json, its review in review.json, and links.json if it is
there. Media are the files that the record names, or all below media/ where it
names none. What the server has not is uploaded first; then the record and the
review come to be at once, with an entry in the public log.

To submit the same run again is no harm. Another run under its id is refused;
assay amend corrects a run, assay review judges it again.

  assay submit runs/carom-17
  assay submit runs/carom-17 --dry-run`,
  options: {
    'dry-run': { type: 'boolean', help: 'read everything, tell what would be sent, and send nothing' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const directory = oneWord(words, 'which directory?');
    const client = runClientFrom(values);
    const progress = new Progress();
    return tellFaults(`${directory} is refused`, async () => {
      try {
        const result = await interruptible((signal) =>
          submitRun({ client, directory, dryRun: values['dry-run'] === true, signal, ...progress.listener }),
        );
        progress.end();
        process.stdout.write(values['json'] === true ? `${JSON.stringify(result)}\n` : text(result));
        return DONE;
      } finally {
        progress.end();
      }
    });
  },
};

function text({ outcome, id, run, sent }: SubmittedRun): string {
  const files = `${counted(sent.files, 'file')} (${sizeText(sent.bytes)})`;
  if (outcome === 'would-submit') return `would submit  ${id}  (${files} to be sent)\n`;
  const retracted = run?.retracted === undefined ? '' : `  retracted: ${run.retracted.reason}`;
  return printable(`${outcome}  ${id}  ${run?.record ?? ''}  (${files} sent)${retracted}\n`);
}
