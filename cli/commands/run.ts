import type { Review, Run, RunEvent } from '../../lib/client/index.ts';
import { changeLines } from '../change-lines.ts';
import { runClientFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, oneWord, type Command } from '../command.ts';
import { printable } from '../printable.ts';
import { shortDigest } from '../short-digest.ts';
import { actorText, table, timeText } from '../table.ts';

export const run: Command = {
  usage: 'assay run <run id> [--json]',
  description: `
Shows a run: its record as it is now, its reviews, and everything that happened
to it, with what each edit changed.

  assay run carom-17`,
  options: { json: { type: 'boolean', help: 'one JSON object' }, ...SERVER_OPTIONS },
  async run(values, words) {
    const found = await runClientFrom(values).run(oneWord(words, 'which run?'));
    process.stdout.write(values['json'] === true ? `${JSON.stringify(found)}\n` : printable(textOfRun(found)));
    return DONE;
  },
};

function textOfRun(found: Run): string {
  const { body, reviewed, history } = found;
  return [
    table(rows(found)),
    ...reviewed.map(reviewText),
    'History\n',
    ...history.map(eventText),
    ...(body === undefined ? [] : ['\nRecord\n', `${JSON.stringify(body, undefined, 2)}\n`]),
  ].join('');
}

function rows({ id, index, at, by, record, definition, status, retracted, erased }: Run): string[][] {
  return [
    ['run', id],
    ...(retracted === undefined ? [] : [['retracted', `${retracted.reason} (${timeText(retracted.at)})`]]),
    ...(erased === undefined ? [] : [['erased', `${erased.reason} (${timeText(erased.at)})`]]),
    ['of', `${definition.family}@${definition.version}  ${definition.digest}`],
    ['status', status],
    ['record', record],
    ['submitted', `${timeText(at)} by ${actorText(by)}, entry ${index} of the log`],
    [],
  ];
}

function reviewText({ reviewer, ratings, verdicts = {}, text }: Review): string {
  const said = [...Object.entries(ratings), ...Object.entries(verdicts)].map(([name, value]) => [
    `  ${name}`,
    String(value),
  ]);
  const body = text === undefined ? '' : `  ${text.trim().replaceAll('\n', '\n  ')}\n`;
  return `Review of ${reviewer}\n${table(said)}${body}\n`;
}

function eventText(event: RunEvent): string {
  const { what, at, by, index } = event;
  const why = 'reason' in event ? event.reason : 'note' in event ? event.note : undefined;
  const whose = 'reviewer' in event ? ` (${event.reviewer})` : '';
  const digest = 'record' in event ? event.record : 'review' in event ? event.review : undefined;
  const head = `  ${timeText(at)}  ${index}  ${what}${whose} by ${actorText(by)}`;
  const tail = [digest === undefined ? undefined : shortDigest(digest), why].filter((part) => part !== undefined);
  return `${[[head, ...tail].join('  '), ...changeLines(event)].join('\n')}\n`;
}
