import { VERSION } from '../../server/version.ts';
import { DONE, refuseWords, type Command } from '../command.ts';

export const version: Command = {
  usage: 'assay version [--json]',
  description: 'Prints the version of Assay and of the Node that runs it.',
  options: { json: { type: 'boolean', help: 'as JSON' } },
  async run(values, positionals) {
    refuseWords(positionals);
    const facts = { assay: VERSION, node: process.versions.node, platform: `${process.platform}-${process.arch}` };
    const text = `assay ${facts.assay} (node ${facts.node}, ${facts.platform})`;
    process.stdout.write(`${values['json'] === true ? JSON.stringify(facts) : text}\n`);
    return DONE;
  },
};
