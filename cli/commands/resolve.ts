import { saidOf } from '../../lib/client/said-of.ts';
import { clientFrom, notice, referenceFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, oneWord, type Command } from '../command.ts';

export const resolve: Command = {
  usage: 'assay resolve <family>[@<ref>]',
  description: `
Prints the digest of the version that a reference stands for: a version, a pin,
a digest, or without a ref the newest release. The digest names the same bytes
for ever. With --json, everything that is known of the version.

  assay resolve test-cases/carom@stable`,
  options: { json: { type: 'boolean', help: 'the whole version as a JSON object' }, ...SERVER_OPTIONS },
  async run(values, words) {
    const reference = referenceFrom(oneWord(words, 'which version?'), 'latest');
    const version = await clientFrom(values).version(reference);
    for (const line of saidOf(version)) notice(line);
    process.stdout.write(values['json'] === true ? `${JSON.stringify(version)}\n` : `${version.digest}\n`);
    return DONE;
  },
};
