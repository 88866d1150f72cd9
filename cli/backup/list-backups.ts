import { backups, type BackupManifest } from '../../server/moving.ts';
import { DONE, oneWord, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { sizeText } from '../size-text.ts';
import { table } from '../table.ts';

/** The backups of a folder, the oldest first. */
export async function listBackups(values: Values, words: readonly string[]): Promise<number> {
  const found = await backups(oneWord(words, 'of which folder?'));
  process.stdout.write(values['json'] === true ? `${JSON.stringify({ backups: found })}\n` : table(found.map(row)));
  return DONE;
}

function row({ name, keys, blobs, small, written, log, logKey, damaged }: BackupManifest): string[] {
  return [
    name,
    counted(keys.entries, 'key'),
    `${counted(blobs.count + small.count, 'content')} (${sizeText(blobs.bytes + small.bytes)})`,
    `${sizeText(written.bytes)} written`,
    log === null ? 'no log' : `${counted(log.size, 'entry')} of the log`,
    logKey ? 'with its key' : 'without its key',
    damaged.length === 0 ? '' : `${damaged.length} damaged, left out`,
  ];
}
