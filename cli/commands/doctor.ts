import { examine } from '../../server/doctor/doctor.ts';
import type { Finding } from '../../server/doctor/finding.ts';
import { DONE, FAILED, refuseWords, type Command } from '../command.ts';
import { printableLine } from '../printable.ts';
import { configFrom, EVERY_SETTING, settingOptions } from '../setting-options.ts';

export const doctor: Command = {
  usage: 'assay doctor [settings] [--json]',
  description: `
Looks at all that a server needs and that can go wrong around it: settings, the
store and the format of its data, room on the disk, the clock, rights on buckets,
the deploy hook, the log's key, and how many files may be open. Each is ok, or
warn or fail with what to do; one that fails makes the command fail.

Run it as the server's user, with the server's settings. It may run beside a
server: what it writes to try whether it can, it takes away again.

  assay doctor
  assay doctor --data /srv/assay --json`,
  options: {
    json: { type: 'boolean', help: 'one JSON object with every finding' },
    ...settingOptions(EVERY_SETTING),
  },
  async run(values, positionals) {
    refuseWords(positionals);
    const findings = await examine(() => configFrom(values));
    const healthy = findings.every(({ status }) => status !== 'fail');
    process.stdout.write(values['json'] === true ? `${JSON.stringify({ healthy, findings })}\n` : text(findings));
    return healthy ? DONE : FAILED;
  },
};

function text(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, status, said, advice }) => {
    const line = `${status.padEnd(4)}  ${check}: ${printableLine(said)}`;
    return advice === undefined ? [line] : [line, `      ${printableLine(advice)}`];
  });
  return `${lines.join('\n')}\n`;
}
