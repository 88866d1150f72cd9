import { DATA_FORMAT, VERSION } from '../../server/version.ts';
import { DONE, refuseWords, type Command } from '../command.ts';

export const version: Command = {
  usage: 'assay version [--json]',
  description: `
Prints the version of Assay, of the Node that runs it, and of the format in
which it keeps data: data of a newer format it refuses, data of an older one
its server brings forward.`,
  options: { json: { type: 'boolean', help: 'as JSON' } },
  async run(values, positionals) {
    refuseWords(positionals);
    const facts = {
      assay: VERSION,
      dataFormat: DATA_FORMAT,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    const text = `assay ${facts.assay} (node ${facts.node}, ${facts.platform}, data format ${facts.dataFormat})`;
    process.stdout.write(`${values['json'] === true ? JSON.stringify(facts) : text}\n`);
    return DONE;
  },
};
