import type { FamilyEvent } from '../../lib/client/index.ts';
import { clientFrom, referenceFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { checkEntry, proveEntry } from '../log/prove-entry.ts';
import { rotateKey } from '../log/rotate-log-key.ts';
import { verifyLog } from '../log/verify-log.ts';
import { DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';
import { shortDigest } from '../short-digest.ts';
import { actorText, table, timeText } from '../table.ts';

export const log: Command = {
  usage: 'assay log <family> | verify | proof <index or run id> | check <file> | rotate-key',
  description: `
Lists what happened in a family, the newest first: what was published, where
pins were moved, what was said of versions, by whom.

With one of these words it is about the public log, which holds all of that and
every published run under one signed tree:

  verify      fetches all entries, makes the tree anew, and checks the signature,
              every hash that is served, that the log goes on from an earlier
              checkpoint, and that entries keep the rules. Exit 1 where not
  proof       writes a file that proves that an entry is in the log
  check       checks such a file, without a server
  rotate-key  gives the log a new key; run it beside the data, servers stopped

  assay log test-cases/carom --limit 20
  assay log verify --from checkpoint --save checkpoint
  assay log proof 42 --out entry.json && assay log check entry.json`,
  options: {
    limit: { type: 'string', placeholder: '<count>', help: 'so many events at most' },
    from: { type: 'string', placeholder: '<file>', help: 'verify: a checkpoint that was saved before' },
    save: { type: 'string', placeholder: '<file>', help: 'verify: where to keep the checkpoint, if all is well' },
    key: { type: 'string', placeholder: '<key>', help: "the log's verifier key [default: as the server or file says]" },
    out: { type: 'string', placeholder: '<file>', help: 'proof: the file [default: <index or run id>.proof.json]' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
    ...settingOptions([...DATA_SETTINGS, 'log-key']),
  },
  async run(values, words) {
    const [first = '', ...rest] = words;
    if (Object.hasOwn(WORDS, first)) return WORDS[first as keyof typeof WORDS](values, rest);
    const { family } = referenceFrom(oneWord(words, 'of which family?'), 'latest');
    const limit = limitIn(textOf(values, 'limit'));
    const events: FamilyEvent[] = [];
    for await (const event of clientFrom(values).history(family)) {
      if (events.length >= limit) break;
      events.push(event);
    }
    const rows = events.map((event) => [timeText(event.at), actorText(event.by), ...cells(event)]);
    process.stdout.write(values['json'] === true ? `${JSON.stringify({ events })}\n` : table(rows));
    return DONE;
  },
};

const WORDS = { verify: verifyLog, proof: proveEntry, check: checkEntry, 'rotate-key': rotateKey } as const;

function limitIn(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError('--limit is a number of events');
}

function cells(event: FamilyEvent): string[] {
  if (event.what === 'published') return ['published', event.version, shortDigest(event.digest)];
  if (event.what === 'removed') return ['removed', event.version, event.reason];
  if (event.what !== 'pinned') return [event.what, event.version, event.text];
  const from = event.from === null ? '' : `${event.from.version} → `;
  const to = event.to === null ? 'removed' : event.to.version;
  return ['pinned', event.pin, `${from}${to}${event.note === undefined ? '' : `  ${event.note}`}`];
}
