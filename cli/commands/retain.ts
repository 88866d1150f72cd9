import type { RetainedVersion, RetentionReport } from '../../lib/client/index.ts';
import { SETTINGS, WrongSetting } from '../../server/settings.ts';
import { clientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { table } from '../table.ts';

export const retain: Command = {
  usage: 'assay retain <family> [--keep-last <n>] [--keep-younger-than <time>] [--apply] [--json]',
  description: `
Removes versions of a family by rule. Without --apply it only tells what would go,
and why the rest stays. What a pin stands at, a run names, or a branch, an OCI tag
or an index leads to always stays, and so does the newest version.

A version goes from every dialect at once: asking for it answers that it was
removed, when and by whom, and its name is never used again. Its bytes go with
the next collections (assay gc). The public log says that it was removed.

  assay retain test-cases/carom --keep-last 10 --keep-younger-than 90d
  assay retain test-cases/carom --keep-last 10 --apply`,
  options: {
    'keep-last': { type: 'string', placeholder: '<n>', help: 'so many versions that were published last stay' },
    'keep-younger-than': {
      type: 'string',
      placeholder: '<time>',
      help: 'versions published within this time stay: 12h, 90d',
    },
    apply: { type: 'boolean', help: 'remove what is to go; without it nothing is changed' },
    json: { type: 'boolean', help: 'one JSON object with every version' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const family = oneWord(words, 'of which family?');
    const [last, younger] = [textOf(values, 'keep-last'), textOf(values, 'keep-younger-than')];
    if (last === undefined && younger === undefined)
      throw new UsageError('what is to stay? --keep-last <n>, --keep-younger-than <time>, or both');
    const request = {
      ...(last === undefined ? {} : { keepLast: countIn(last) }),
      ...(younger === undefined ? {} : { keepYoungerThan: secondsIn(younger) }),
      apply: values['apply'] === true,
    };
    const report = await clientFrom(values).retain(family, request);
    process.stdout.write(values['json'] === true ? `${JSON.stringify(report)}\n` : text(report, values));
    return DONE;
  },
};

function countIn(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--keep-last is a number of versions, one at least, and not ${JSON.stringify(text)}`);
}

function secondsIn(text: string): number {
  try {
    // Whoever means 90 days would else keep 90 seconds.
    if (/^\d+$/.test(text)) throw new WrongSetting('a time with its unit: 12h, 90d');
    const seconds = Math.floor(SETTINGS['gc-grace'].parse(text) / 1000);
    if (seconds > 0) return seconds;
    throw new WrongSetting('a time of at least 1s');
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    throw new UsageError(`--keep-younger-than is ${JSON.stringify(text)}; it takes ${error.message}`);
  }
}

function text({ applied, versions }: RetentionReport, values: Values): string {
  const gone = versions.filter(({ action }) => action === 'removed').length;
  const verb = applied ? 'Removed' : 'Would remove';
  const rest = `${verb} ${counted(gone, 'version')}; ${versions.length - gone} stay.`;
  const advice = values['apply'] === true || gone === 0 ? '' : ' Nothing was changed: --apply does it.';
  return `${table(versions.map((one) => cells(one, applied)))}${rest}${advice}\n`;
}

function cells({ version, publishedAt, action, why, inHistory }: RetainedVersion, applied: boolean): string[] {
  const history = inHistory === true ? 'its commit stays in history' : '';
  const what = action === 'kept' ? 'stays' : applied ? 'removed' : 'would go';
  return [what, version, publishedAt.slice(0, 10), action === 'kept' ? why.join(', ') : history];
}
