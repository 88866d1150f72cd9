import { amendRun } from '../../lib/client/index.ts';
import { changeLines } from '../change-lines.ts';
import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';
import { tellFaults } from '../tell-faults.ts';

export const amend: Command = {
  usage: 'assay amend <run id> --file <record.json | run directory> --reason <text>',
  description: `
Puts a corrected record in the place of the one that is published, and shows what
that changed. The reason stands in the public log; the record before it stays
readable. The record is the whole one: what it leaves out is no longer said, its
media as well. A run's directory is read as assay submit reads it, with its links
and media; its review is left alone. A status that is never published is none to
correct to: such a run is retracted.

  assay amend carom-17 --file runs/carom-17 --reason 'The tokens were counted twice.'`,
  options: {
    file: {
      type: 'string',
      placeholder: '<path>',
      help: 'the whole corrected record as JSON, or the directory of the run',
    },
    reason: { type: 'string', placeholder: '<text>', help: 'why' },
    expect: { type: 'string', placeholder: '<digest>', help: 'the record that it must take the place of' },
    json: { type: 'boolean', help: 'the run as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const id = oneWord(words, 'which run?');
    const [file, reason, expect] = ['file', 'reason', 'expect'].map((name) => textOf(values, name));
    if (file === undefined || reason === undefined) throw new UsageError('--file and --reason are needed');
    return tellFaults(`${file} is refused`, async () => {
      const client = runClientFrom(values);
      const { outcome, run } = await interruptible((signal) =>
        amendRun({ client, id, from: file, reason, expect, signal }),
      );
      const changes = outcome === 'amended' ? changeLines(run.history.at(-1)) : [];
      const text = printable(`${[`${outcome}  ${id}  ${run.record}`, ...changes].join('\n')}\n`);
      process.stdout.write(values['json'] === true ? `${JSON.stringify({ outcome, run })}\n` : text);
      return DONE;
    });
  },
};
