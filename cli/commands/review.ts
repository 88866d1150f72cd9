import { readDocument, type Review, type ReviewRequest, type RunClient, type Verdict } from '../../lib/client/index.ts';
import { changeLines } from '../change-lines.ts';
import { actorName } from '../../server/config.ts';
import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command, type Values } from '../command.ts';
import { tellFaults } from '../tell-faults.ts';
import { printable } from '../printable.ts';

export const review: Command = {
  usage: 'assay review <run id> --file <review.json> | --ratings <domain=n,…> [--verdicts <item=…,…>] [--text <text>]',
  description: `
Judges a run that is published: whole, from a file, or by what is given here. To
judge again in the same name is an edit: it needs a note that says why, what is
not given stays, and what was said before stays readable. To take something back,
give the whole review in a file. The name stands in the public log.

  assay review carom-17 --file review.json
  assay review carom-17 --ratings play=80,looks=65 --text 'Plays well.'
  assay review carom-17 --ratings looks=60 --note 'Saw it on a larger screen.'`,
  options: {
    file: { type: 'string', placeholder: '<file>', help: 'the whole review as JSON' },
    reviewer: { type: 'string', placeholder: '<name>', help: 'who judges [ASSAY_ACTOR; default user@machine]' },
    ratings: { type: 'string', placeholder: '<domain=n,…>', help: 'from 0 to 100' },
    verdicts: { type: 'string', placeholder: '<item=…,…>', help: 'pass, partial, fail or n/a' },
    text: { type: 'string', placeholder: '<text>', help: 'what is to be said besides' },
    note: { type: 'string', placeholder: '<text>', help: 'why a review is edited' },
    json: { type: 'boolean', help: 'the run as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const id = oneWord(words, 'which run?');
    const file = textOf(values, 'file');
    const given = ['ratings', 'verdicts', 'text', 'reviewer'].filter((name) => values[name] !== undefined);
    if (file !== undefined && given.length > 0)
      throw new UsageError(`--file is the whole review, without --${given[0]}`);
    if (file === undefined && given.every((name) => name === 'reviewer'))
      throw new UsageError('--file, or --ratings, --verdicts and --text');
    const client = runClientFrom(values);
    const note = textOf(values, 'note');
    const request = file === undefined ? await edited(client, id, values) : await fromFile(file);
    return tellFaults(`the review of ${id} is refused`, async () => {
      const { outcome, run } = await client.review(id, { ...request, ...(note === undefined ? {} : { note }) });
      const changes = outcome === 'reviewed' ? changeLines(run.history.at(-1)) : [];
      const text = printable(`${[`${outcome}  ${id}  by ${request.review.reviewer}`, ...changes].join('\n')}\n`);
      process.stdout.write(values['json'] === true ? `${JSON.stringify({ outcome, run })}\n` : text);
      return DONE;
    });
  },
};

async function fromFile(file: string): Promise<ReviewRequest> {
  const document = await readDocument(file);
  if (typeof document['reviewer'] !== 'string') throw new UsageError(`${file} does not say who the reviewer is`);
  return { review: document as unknown as Review };
}

/** One's earlier review with what is given, if it is still the same when it is sent. */
async function edited(client: RunClient, id: string, values: Values): Promise<ReviewRequest> {
  const reviewer = textOf(values, 'reviewer') ?? actorName();
  const ratings = pairsOf(values, 'ratings', (text) => (/^\d{1,3}$/.test(text) ? Number(text) : undefined));
  const verdicts = pairsOf(values, 'verdicts', (text) => text as Verdict);
  const text = textOf(values, 'text');
  const run = await client.run(id);
  const at = run.reviews.findIndex((one) => one.reviewer === reviewer);
  const old = run.reviewed[at];
  const review: Review = {
    ...(old ?? { format: 1, reviewer }),
    ratings: { ...old?.ratings, ...ratings },
    ...(old?.verdicts === undefined && verdicts === undefined ? {} : { verdicts: { ...old?.verdicts, ...verdicts } }),
    ...(text === undefined ? {} : { text }),
  };
  return { review, expect: run.reviews[at]?.review ?? null };
}

/** `play=80,looks=65` */
function pairsOf<T>(
  values: Values,
  name: string,
  read: (text: string) => T | undefined,
): Readonly<Record<string, T>> | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const pairs = text.split(',').map((pair): [string, T] => {
    const at = pair.lastIndexOf('=');
    const value = at > 0 ? read(pair.slice(at + 1).trim()) : undefined;
    if (value === undefined)
      throw new UsageError(`--${name} takes pairs such as play=80, and not ${JSON.stringify(pair)}`);
    return [pair.slice(0, at).trim(), value];
  });
  return Object.fromEntries(pairs);
}
