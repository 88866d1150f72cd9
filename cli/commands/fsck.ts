import { check } from '../../lib/upkeep/check.ts';
import type { CheckReport, Finding } from '../../lib/upkeep/checking.ts';
import { openExisting } from '../../server/context.ts';
import { DONE, FAILED, refuseWords, type Command } from '../command.ts';
import { Progress } from '../progress.ts';
import { configFrom, DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { counted } from '../counted.ts';
import { sizeText } from '../size-text.ts';

export const fsck: Command = {
  usage: 'assay fsck [--no-content] [--json]',
  description: `
Reads everything that is kept, compares it with its digest, and checks that
every tag, manifest and link names something that is there. Changes nothing,
and may run while the server runs.

An error is something lost or wrong, and makes the command fail. A warning is
something left over, or a manifest whose parts were deleted by request.`,
  options: {
    'no-content': { type: 'boolean', help: 'only look whether content is there, without reading its bytes' },
    json: { type: 'boolean', help: 'one JSON object with every finding' },
    ...settingOptions(DATA_SETTINGS),
  },
  async run(values, positionals) {
    refuseWords(positionals);
    const context = await openExisting(configFrom(values));
    const progress = new Progress();
    const findings: Finding[] = [];
    try {
      const report = await check(context.stores, context.registry, {
        content: values['no-content'] !== true,
        ...progress.listener,
        onFinding: (finding) => findings.push(finding),
      });
      progress.end();
      process.stdout.write(
        values['json'] === true ? `${JSON.stringify({ ...report, findings })}\n` : text(report, findings),
      );
      return report.errors > 0 ? FAILED : DONE;
    } finally {
      progress.end();
      await context.close();
    }
  },
};

function text(
  { content, bytes, families, links, entries, errors, warnings }: CheckReport,
  findings: readonly Finding[],
): string {
  const lines = findings.map(
    ({ severity, what, name, family }) => `${severity}: ${family === undefined ? '' : `${family} `}${name}: ${what}`,
  );
  lines.push(
    `Checked ${counted(content, 'content')} (${sizeText(bytes)}), ${counted(families, 'repository')}, ${counted(links, 'link')} and ${counted(entries, 'entry')} of the log.`,
  );
  lines.push(
    errors + warnings === 0 ? 'All is well.' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}.`,
  );
  return `${lines.join('\n')}\n`;
}
