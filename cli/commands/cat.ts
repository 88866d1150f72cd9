import { once } from 'node:events';
import { clientFrom, referenceFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, refuseWords, UsageError, type Command } from '../command.ts';

export const cat: Command = {
  usage: 'assay cat <family>[@<ref>] <path>',
  description: `
Writes the bytes of one file as they were published, checked against their
digest: when they turn out wrong at the end, the exit code is 1. Of a symbolic
link it writes the target.

  assay cat test-cases/carom@v1.0.0 prompt.md`,
  options: { ...SERVER_OPTIONS },
  async run(values, words) {
    const [name, path, ...others] = words;
    if (name === undefined || path === undefined) throw new UsageError('which file of which version?');
    refuseWords(others);
    for await (const piece of clientFrom(values).checkedFile(referenceFrom(name, 'latest'), path)) {
      if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
    }
    return DONE;
  },
};
