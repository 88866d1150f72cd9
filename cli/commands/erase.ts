import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';
import { counted } from '../counted.ts';
import { printable } from '../printable.ts';
import { tellFaults } from '../tell-faults.ts';

export const erase: Command = {
  usage: 'assay erase <run id> --reason <text> --yes',
  description: `
Deletes the record, the reviews and the media of a run from the store and from
what is published, where the law asks for it. That there was such a run, what
the log says of it and the reason stay for good; nothing brings the rest back.
Where a run is only wrong, assay retract says so and keeps it.

Asked again it deletes what was left, if it was cut off. What something else
names, such as media of another run, stays.

  assay erase carom-17 --reason 'A person asked for it.' --yes`,
  options: {
    reason: { type: 'string', placeholder: '<text>', help: 'why, for everybody to read; name nobody in it' },
    yes: { type: 'boolean', help: 'that it is meant' },
    json: { type: 'boolean', help: 'the run as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const id = oneWord(words, 'which run?');
    const reason = textOf(values, 'reason');
    if (reason === undefined) throw new UsageError('--reason is needed');
    if (values['yes'] !== true) throw new UsageError(`--yes says that everything of ${id} is to be deleted for good`);
    return tellFaults(`the erasure of ${id} is refused`, async () => {
      const answer = await runClientFrom(values).erase(id, reason);
      const { outcome, deleted, kept } = answer;
      const left = kept.map((digest) => `  kept, since something else names it: ${digest}\n`).join('');
      const text = printable(`${outcome}  ${id}  (${counted(deleted, 'body')} deleted)\n${left}`);
      process.stdout.write(values['json'] === true ? `${JSON.stringify(answer)}\n` : text);
      return DONE;
    });
  },
};
