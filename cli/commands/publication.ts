import { setTimeout as sleep } from 'node:timers/promises';
import type { PublicationStatus } from '../../lib/client/index.ts';
import { clientFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, FAILED, refuseWords, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';
import { table, timeText } from '../table.ts';

const WATCH_MS = 1_000;

export const publication: Command = {
  usage: 'assay publication [now] [--watch]',
  description: `
Shows what readers see: which snapshot is live, how many entries of the log it
has not, and what went wrong last. The exit code is 1 while publication or the
deploy hook fails. With --watch it shows that again whenever it changes, until
it is interrupted. The word now publishes at once, also after a rollback.

  assay publication
  assay publication now
  assay publication --watch`,
  options: {
    watch: { type: 'boolean', help: 'go on showing it' },
    json: { type: 'boolean', help: 'one JSON object; with --watch, one a line' },
    ...SERVER_OPTIONS,
  },
  async run(values, [word, ...others]) {
    refuseWords(others);
    if (word !== undefined && word !== 'now') throw new UsageError(`unexpected argument ${JSON.stringify(word)}`);
    const client = clientFrom(values);
    const status = word === 'now' ? await client.publishNow() : await client.publication();
    tell(values, status);
    if (values['watch'] === true) await interruptible((signal) => watch(values, status, signal));
    return status.failures > 0 || status.hook?.lastError !== undefined ? FAILED : DONE;
  },
};

async function watch(values: Values, first: PublicationStatus, signal: AbortSignal): Promise<void> {
  const client = clientFrom(values);
  for (let shown = JSON.stringify(first); !signal.aborted;) {
    await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const status = await client.publication();
    const text = JSON.stringify(status);
    if (text !== shown) tell(values, status);
    shown = text;
  }
}

function tell(values: Values, status: PublicationStatus): void {
  process.stdout.write(values['json'] === true ? `${JSON.stringify(status)}\n` : `${table(rows(status))}\n`);
}

function rows(status: PublicationStatus): string[][] {
  const { target, live, waiting, held, failures, hook } = status;
  return [
    ['target', target],
    ['live', live === undefined ? 'nothing yet' : `${live.snapshot} since ${timeText(live.at)}`],
    ['entries', live === undefined ? 'none' : `${live.size} published, ${waiting} waiting`],
    ...(held ? [['held', 'rolled back; assay publication now goes on']] : []),
    ...(failures > 0 ? [['failed', failureText(status)]] : []),
    ...(hook === undefined ? [] : [['hook', hookText(hook)]]),
  ];
}

function failureText({ failures, nextAttemptAt, lastError }: PublicationStatus): string {
  const next = nextAttemptAt === undefined ? '' : `, next at ${timeText(nextAttemptAt)}`;
  return `${counted(failures, 'time')} in a row${next}: ${lastError ?? ''}`;
}

function hookText({ attempts, nextAt, lastError }: NonNullable<PublicationStatus['hook']>): string {
  if (lastError === undefined) return 'about to be told';
  return `${counted(attempts, 'attempt')}, next at ${timeText(nextAt)}: ${lastError}`;
}
