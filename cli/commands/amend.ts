import { readDocument, type RunRecord } from '../../lib/client/index.ts';
import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';
import { printable } from '../printable.ts';
import { tellFaults } from '../tell-faults.ts';

export const amend: Command = {
  usage: 'assay amend <run id> --file <record.json> --reason <text>',
  description: `
Puts a corrected record in the place of the one that is published. The reason
stands in the public log; the record before it stays readable.

  assay amend carom-17 --file record.json --reason 'The tokens were counted twice.'`,
  options: {
    file: { type: 'string', placeholder: '<file>', help: 'the whole corrected record as JSON' },
    reason: { type: 'string', placeholder: '<text>', help: 'why' },
    expect: { type: 'string', placeholder: '<digest>', help: 'the record that it must take the place of' },
    json: { type: 'boolean', help: 'the run as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const id = oneWord(words, 'which run?');
    const [file, reason, expect] = ['file', 'reason', 'expect'].map((name) => textOf(values, name));
    if (file === undefined || reason === undefined) throw new UsageError('--file and --reason are needed');
    const record = (await readDocument(file)) as unknown as RunRecord;
    return tellFaults(`${file} is refused`, async () => {
      const amendment = { record, reason, ...(expect === undefined ? {} : { expect }) };
      const { outcome, run } = await runClientFrom(values).amend(id, amendment);
      const text = printable(`${outcome}  ${id}  ${run.record}\n`);
      process.stdout.write(values['json'] === true ? `${JSON.stringify({ outcome, run })}\n` : text);
      return DONE;
    });
  },
};
