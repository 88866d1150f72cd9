import { verify as verifyDirectory, type Verified } from '../../lib/client/verify.ts';
import { digestRef } from '../../lib/client/reference.ts';
import { CACHE_OPTIONS, cacheFrom, clientFrom, notice, referenceFrom, textOf } from '../client-options.ts';
import { DONE, FAILED, UsageError, type Command } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';
import { Progress } from '../progress.ts';

export const verify: Command = {
  usage: 'assay verify <dir> [--against <family>@<ref>|<digest>] [--json]',
  description: `
Reads every file and link of a directory and tells what differs from the
version that it was pulled from, or from the one that is named: changed,
missing and extra files, and those that are executable and should not be, or
the other way round. Exit 1 where anything differs. What was pulled on this
machine is compared without a server.

  assay verify carom
  assay verify carom --against test-cases/carom@v1.2.0`,
  options: {
    against: { type: 'string', placeholder: '<version>', help: 'family@ref, or a digest' },
    offline: { type: 'boolean', help: 'ask no server' },
    json: { type: 'boolean', help: 'one JSON object with every difference' },
    ...CACHE_OPTIONS,
  },
  async run(values, [directory, ...more]) {
    if (directory === undefined) throw new UsageError('which directory?');
    if (more[0] !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(more[0])}`);
    const against = textOf(values, 'against');
    if (against !== undefined && digestRef(against) === undefined) referenceFrom(against);
    const place = { client: clientFrom(values), cache: cacheFrom(values), offline: values['offline'] === true };
    const progress = new Progress();
    try {
      const result = await interruptible((signal) =>
        verifyDirectory({ ...place, directory, against, signal, onNotice: notice, ...progress.listener }),
      );
      progress.end();
      process.stdout.write(values['json'] === true ? `${JSON.stringify(result)}\n` : text(result));
      return result.same ? DONE : FAILED;
    } finally {
      progress.end();
    }
  },
};

function text({ same, directory, family, version, digest, changed, missing, extra, mode }: Verified): string {
  const name = [family, version ?? digest].filter((part) => part !== '').join(' ');
  if (same) return `${directory} is ${name}.\n`;
  const lines = Object.entries({ changed, missing, extra, mode }).flatMap(([what, paths]) =>
    paths.map((path) => `${what}: ${printable(path)}`),
  );
  return `${lines.join('\n')}\n${directory} is not ${name}.\n`;
}
