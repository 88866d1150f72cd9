import type { AssayClient, PublicationStatus } from '../../lib/client/index.ts';
import { sha256In } from '../../lib/snapshot/documents.ts';
import { clientFrom } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Values } from '../command.ts';
import { counted } from '../counted.ts';

/** Points readers at an earlier snapshot, which is named by its id or by the number of its publication. */
export async function rollbackSnapshot(values: Values, words: readonly string[]): Promise<number> {
  const word = oneWord(words, 'to which snapshot?');
  const client = clientFrom(values);
  const status = await client.rollback(await idFrom(client, word));
  process.stdout.write(values['json'] === true ? `${JSON.stringify(status)}\n` : text(status));
  return DONE;
}

async function idFrom(client: AssayClient, word: string): Promise<string> {
  const id = sha256In(word);
  if (id !== undefined) return id;
  if (!/^[1-9]\d{0,14}$/.test(word)) throw new UsageError('a snapshot is sha256:… or the number of a publication');
  const { snapshots } = await client.publication();
  const found = snapshots.find(({ publication }) => publication === Number(word));
  if (found === undefined)
    throw new Error(`assay snapshot list does not show a publication ${word}; an older one goes by its id`);
  return found.snapshot;
}

function text({ live }: PublicationStatus): string {
  if (live === undefined) return 'Nothing is published yet.\n';
  return `Readers see ${live.snapshot} of ${counted(live.size, 'entry')}. assay publication now goes on.\n`;
}
