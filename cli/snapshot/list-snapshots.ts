import { clientFrom } from '../client-options.ts';
import { DONE, refuseWords, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { table, timeText } from '../table.ts';

/** Those that the server's target keeps, the newest first; the first is live. */
export async function listSnapshots(values: Values, words: readonly string[]): Promise<number> {
  refuseWords(words);
  const { snapshots, live } = await clientFrom(values).publication();
  if (values['json'] === true) {
    const marked = snapshots.map((one) => ({ ...one, live: one.publication === live?.publication }));
    process.stdout.write(`${JSON.stringify({ snapshots: marked })}\n`);
    return DONE;
  }
  const rows = snapshots.map(({ publication, snapshot, size, at }) => [
    String(publication),
    snapshot,
    counted(size, 'entry'),
    timeText(at),
    publication === live?.publication ? 'live' : '',
  ]);
  process.stdout.write(rows.length === 0 ? 'Nothing is published yet.\n' : table(rows));
  return DONE;
}
