import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';
import { printable } from '../printable.ts';
import { tellFaults } from '../tell-faults.ts';

export const retract: Command = {
  usage: 'assay retract <run id> --reason <text>',
  description: `
Says that a run is not to be relied on. Nothing is deleted: the run, its reviews
and the reason stay readable, and the log has one entry more. It cannot be taken
back; a run that was right after all is submitted under another id.

  assay retract carom-17 --reason 'It ran with another model.'`,
  options: {
    reason: { type: 'string', placeholder: '<text>', help: 'why, for everybody to read' },
    json: { type: 'boolean', help: 'the run as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const id = oneWord(words, 'which run?');
    const reason = textOf(values, 'reason');
    if (reason === undefined) throw new UsageError('--reason is needed');
    return tellFaults(`the retraction of ${id} is refused`, async () => {
      const { outcome, run } = await runClientFrom(values).retract(id, reason);
      const text = printable(`${outcome}  ${id}\n`);
      process.stdout.write(values['json'] === true ? `${JSON.stringify({ outcome, run })}\n` : text);
      return DONE;
    });
  },
};
